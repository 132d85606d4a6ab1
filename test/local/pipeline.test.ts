import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, onTestFinished, test } from "vitest";

import { decodeImage } from "../../lib/image/png.ts";
import { parseLocalRequest } from "../../lib/pipeline/request.ts";
import { type LocalPipelineOptions, startLocalPipeline } from "../../local/pipeline.ts";
import { type JobOutcome, runJobs, type RunEvent } from "../../local/run-job.ts";
import { temporaryFolder } from "../networks/temporary-folder.ts";
import { FakeRenderer } from "../support/fake-renderer.ts";
import { TINY_REQUEST } from "../support/memory-pipeline.ts";
import { tinyNetwork } from "../support/tiny-network.ts";

async function startPipeline(options: Partial<LocalPipelineOptions> = {}) {
  const folder = await temporaryFolder();
  const pipeline = await startLocalPipeline({
    dataFolder: join(folder, "data"),
    renderer: new FakeRenderer(),
    ...options,
  });
  onTestFinished(() => pipeline.stop());
  await tinyNetwork(folder);
  return { pipeline, networks: { folders: [folder], cacheFolder: folder } };
}

function ended(outcome: JobOutcome | undefined) {
  if (outcome?.kind === "ended") return outcome;
  throw new Error(`the job did not end: ${JSON.stringify(outcome)}`);
}

test("a request runs from the drop zone to the sheet, with progress on the way", async () => {
  const { pipeline, networks } = await startPipeline();
  const events: RunEvent[] = [];
  const [outcome] = await runJobs(pipeline, [parseLocalRequest(TINY_REQUEST)], {
    networks,
    onProgress: (event) => events.push(event),
  });
  const { completion, sheetPath, manifestPath } = ended(outcome);
  expect(completion).toMatchObject({ state: "completed", total: 5, ok: 5, failed: 0 });
  const sheet = await decodeImage(await readFile(sheetPath));
  // a grid of 2 x 3 with a title above
  expect(sheet.width).toBe(2 * 20);
  expect(JSON.parse(await readFile(manifestPath, "utf8"))).toMatchObject({ ok: 5 });
  const channels = events.flatMap((event) => (event.kind === "channel" ? event.done : []));
  expect(channels).toEqual([1, 2, 3, 4, 5]);
  const steps = events.filter(({ kind }) => kind === "step");
  expect(steps).toHaveLength(5 * 2);
});
