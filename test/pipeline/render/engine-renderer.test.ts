import { Worker } from "node:worker_threads";

import { expect, onTestFinished, test, vi } from "vitest";

import type { ThreadRequest } from "../../../lib/optvis/runtime/session-thread.ts";
import { analyseNetwork } from "../../../lib/pipeline/networks/analyse-network.ts";
import { createEngineRenderer } from "../../../lib/pipeline/render/engine-renderer.ts";
import { examinationTask } from "../../../lib/pipeline/render/examination-task.ts";
import type { RenderedChannel, RenderTask } from "../../../lib/pipeline/render/renderer.ts";
import { makeTile } from "../../../lib/pipeline/render/tile.ts";
import { parseRequest } from "../../../lib/pipeline/request/request.ts";
import { resolveRequest } from "../../../lib/pipeline/request/resolve-request.ts";
import { temporaryFolder } from "../../networks/temporary-folder.ts";
import { tinyNetwork } from "../../support/tiny-network.ts";
import { untilTrue } from "../../support/until.ts";

async function taskOf(layer: string): Promise<RenderTask> {
  const network = await analyseNetwork(await tinyNetwork(await temporaryFolder()));
  const { id } = network.description;
  const fields = { network: id, layer, channels: [3], numIterations: 2, pyramidLevels: 1 };
  const { request, channels } = await resolveRequest(parseRequest(fields), network, null);
  return { network, request, channels, initialImage: null, provider: "cpu" };
}

function rendererOf(threads: number) {
  const renderer = createEngineRenderer({ threads });
  onTestFinished(() => renderer.close());
  return renderer;
}

/** Keys of the graphs that threads are asked to compile from now on. */
function compiledFromNowOn(): () => readonly string[] {
  // it goes on as it would
  const { mock } = vi.spyOn(Worker.prototype, "postMessage");
  onTestFinished(() => void vi.restoreAllMocks());
  return () =>
    mock.calls.flatMap(([message]: [ThreadRequest, ...unknown[]]) =>
      message.kind === "create" ? [message.graph.key] : [],
    );
}

async function drawn(renderer: ReturnType<typeof rendererOf>, task: RenderTask) {
  const [rendered] = await renderer.render(task);
  const tile = await makeTile(rendered as RenderedChannel, task.request, "colours");
  if (tile.kind === "failed") throw new Error(tile.reason);
  const quality = await renderer.examine(examinationTask(task), 3, tile.picture);
  return { png: tile.png, trace: tile.trace, quality };
}

test("what was prepared is what is run, and the picture is the same", async () => {
  const task = await taskOf("wide");
  const compiled = compiledFromNowOn();
  const unprepared = await drawn(rendererOf(2), task);
  const wanted = compiled();
  expect(wanted).toHaveLength(2);
  const renderer = rendererOf(2);
  renderer.prepare(task);
  await untilTrue(
    () => compiled().length === 3,
    () => `${compiled().length} graphs were asked for, not 3`,
  );
  expect(await drawn(renderer, task)).toEqual(unprepared);
  expect(compiled()).toEqual([...wanted, ...wanted]);
});

test("what cannot be prepared is told by who renders it", async () => {
  const task = await taskOf("wide");
  const wrong = { ...task, request: { ...task.request, layer: 999 } };
  const renderer = rendererOf(1);
  renderer.prepare(wrong);
  await expect(renderer.render(wrong)).rejects.toThrow(/999/);
});
