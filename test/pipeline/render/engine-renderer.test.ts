import { setImmediate as nextTurn } from "node:timers/promises";
import { Worker } from "node:worker_threads";

import { describe, expect, onTestFinished, test, vi } from "vitest";

import type { AscentState } from "../../../lib/optvis/ascent/state.ts";
import type { ThreadRequest } from "../../../lib/optvis/runtime/session-thread.ts";
import { analyseNetwork } from "../../../lib/pipeline/networks/analyse-network.ts";
import { EngineRenderer } from "../../../lib/pipeline/render/engine-renderer.ts";
import { examinationTask } from "../../../lib/pipeline/render/ascent-task.ts";
import { HeadStart } from "../../../lib/pipeline/render/head-start.ts";
import type { RenderedChannel, RenderTask } from "../../../lib/pipeline/render/renderer.ts";
import { makeTile } from "../../../lib/pipeline/render/tile.ts";
import { parseRequest } from "../../../lib/pipeline/request/request.ts";
import { resolveRequest } from "../../../lib/pipeline/request/resolve-request.ts";
import { temporaryFolder } from "../../networks/temporary-folder.ts";
import { promised } from "../../support/promised.ts";
import { tinyNetwork } from "../../support/tiny-network.ts";
import { untilTrue } from "../../support/until.ts";

/** Seconds of an iteration. */
const [QUICK, SLOW] = [0.001, 10];

async function taskOf(layer: string, more: object = {}): Promise<RenderTask> {
  const network = await analyseNetwork(await tinyNetwork(await temporaryFolder()));
  const { id } = network.description;
  const fields = { network: id, layer, channels: [3], numIterations: 2, pyramidLevels: 1, ...more };
  const { request, channels } = await resolveRequest(parseRequest(fields), network, null);
  return { network, request, channels, initialImage: null, provider: "cpu" };
}

function rendererOf(threads: number) {
  const renderer = new EngineRenderer({ threads });
  onTestFinished(() => renderer.close());
  return renderer;
}

/** What threads are asked for from now on: keys of graphs to compile, iterations to run. */
function askedFromNowOn() {
  // it goes on as it would
  const { mock } = vi.spyOn(Worker.prototype, "postMessage");
  onTestFinished(() => void vi.restoreAllMocks());
  const messages = () => mock.calls.map(([message]: [ThreadRequest, ...unknown[]]) => message);
  return {
    compiled: () =>
      messages().flatMap((message) => (message.kind === "create" ? [message.graph.key] : [])),
    iterations: () =>
      messages().reduce((sum, message) => {
        const trip = message.kind === "run" ? message.feeds["iterations"] : undefined;
        return sum + Number(trip?.data[0] ?? 0);
      }, 0),
  };
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
  const { compiled } = askedFromNowOn();
  const unprepared = await drawn(rendererOf(2), task);
  const wanted = compiled();
  expect(wanted).toHaveLength(2);
  const renderer = rendererOf(2);
  renderer.prepare(task, SLOW);
  await untilTrue(
    () => compiled().length === 3,
    () => `${compiled().length} graphs were asked for, not 3`,
  );
  expect(await drawn(renderer, task)).toEqual(unprepared);
  expect(compiled()).toEqual([...wanted, ...wanted]);
});

describe("an image that is begun while it is prepared", () => {
  const begun = async (task: RenderTask) => {
    const { iterations } = askedFromNowOn();
    const renderer = rendererOf(1);
    renderer.prepare(task, QUICK);
    await untilTrue(
      () => iterations() > 0,
      () => "nothing was begun",
    );
    return { renderer, iterations };
  };

  test.each([1, 300])("of %i iterations is gone on with: the same bytes", async (count) => {
    const task = await taskOf("wide", { numIterations: count });
    const unprepared = await drawn(rendererOf(1), task);
    const { renderer, iterations } = await begun(task);
    expect(await drawn(renderer, task)).toEqual(unprepared);
    expect(iterations()).toBe(count);
  });

  test("ends before its last stage does, so that who renders it has its result", async () => {
    const task = await taskOf("wide", { numIterations: 4, pyramidLevels: 2, pyramidScale: 1.3 });
    const unprepared = await drawn(rendererOf(1), task);
    const { renderer, iterations } = await begun(task);
    await untilTrue(
      () => iterations() === 8,
      () => `${iterations()} iterations were run, not 8`,
    );
    expect(await drawn(renderer, task)).toEqual(unprepared);
    expect(iterations()).toBe(8);
  });

  test("ends with the renderer, however early that is closed: nothing is left running", async () => {
    const task = await taskOf("wide", { numIterations: 300 });
    const { compiled, iterations } = askedFromNowOn();
    const closed = rendererOf(1);
    closed.prepare(task, QUICK);
    await closed.close();
    expect(compiled()).toEqual([]);
    // takes longer than what the other would begin
    await drawn(rendererOf(1), task);
    expect(compiled()).toHaveLength(2);
    expect(iterations()).toBe(300);
  });

  test("is no other's: of another seed, another is drawn", async () => {
    const task = await taskOf("wide", { numIterations: 5 });
    const other = { ...task, request: { ...task.request, seed: task.request.seed + 1 } };
    const unprepared = await drawn(rendererOf(1), other);
    const { renderer } = await begun(task);
    const [first] = await renderer.render(other);
    expect(first).toMatchObject({ trace: unprepared.trace, seed: other.request.seed });
    // and nobody has the first one's any more
    expect(await drawn(renderer, task)).toEqual(await drawn(rendererOf(1), task));
  });

  test("is the same network's under another id", async () => {
    const task = await taskOf("wide", { numIterations: 9 });
    const { renderer, iterations } = await begun(task);
    await renderer.render({ ...task, request: { ...task.request, network: "a-copy" } });
    expect(iterations()).toBe(9);
  });

  test("gives way to where an earlier rendering has come with it", async () => {
    const task = await taskOf("wide", { numIterations: 9 });
    const unprepared = await drawn(rendererOf(1), task);
    const enough = new AbortController();
    let stopped: readonly AscentState[] = [];
    const earlier = rendererOf(1).render(task, {
      signal: enough.signal,
      onProgress: () => enough.abort(),
      onStopped: async (states) => {
        stopped = states.get(3)!;
      },
    });
    await expect(earlier).rejects.toThrow(/aborted/);
    expect(stopped).toMatchObject([{ channel: 3, done: 1 }]);
    const { renderer } = await begun(task);
    const seconds = 1e6;
    const resume = stopped.map((state) => ({ ...state, seconds }));
    const [rendered] = await renderer.render(task, { resume });
    if (rendered?.kind !== "image") throw new Error("it failed");
    expect(rendered.trace).toEqual(unprepared.trace);
    expect(rendered.seconds).toBeGreaterThan(seconds);
  });
});

test("a renderer that is closed waits for no image to be drawn to its end", async () => {
  const task = await taskOf("wide", { numIterations: 300 });
  const renderer = rendererOf(2);
  const [isClosing, goOn] = promised();
  let shown = 0;
  const frames = {
    count: 3,
    // each stops on its way, with a worker of its own; what looks at them waits for a third
    take: async ({ iteration }: { readonly iteration: number }) => {
      if (iteration === 0) return;
      shown++;
      await isClosing;
    },
  };
  const drawings = [1, 2].map(() => renderer.render(task, { frames }));
  await untilTrue(
    () => shown === 2,
    () => "nothing was begun",
  );
  await nextTurn();
  const closed = renderer.close();
  goOn();
  await Promise.all([
    closed,
    ...drawings.map((drawing) => expect(drawing).rejects.toThrow("the worker is closed")),
  ]);
});

test.each<[string, Partial<RenderTask>, number]>([
  ["takes long for each iteration", {}, SLOW],
  ["is to be drawn on a GPU", { provider: "cuda" }, QUICK],
  [
    "begins with a photograph",
    { initialImage: { width: 1, height: 1, data: new Uint8Array(3) } },
    QUICK,
  ],
])("none is begun that %s", async (_, more, stepSeconds) => {
  const task = await taskOf("wide");
  expect(HeadStart.isFor(task, QUICK)).toBe(true);
  expect(HeadStart.isFor({ ...task, ...more }, stepSeconds)).toBe(false);
});

test("none is begun that is to be seen on its way", async () => {
  const task = await taskOf("wide", { animation: "gif" });
  expect(HeadStart.isFor(task, QUICK)).toBe(false);
});

test("what cannot be prepared is told by who renders it", async () => {
  const task = await taskOf("wide");
  const wrong = { ...task, request: { ...task.request, layer: 999 } };
  const renderer = rendererOf(1);
  renderer.prepare(wrong, QUICK);
  await expect(renderer.render(wrong)).rejects.toThrow(/999/);
});
