import { expect, test } from "vitest";

import { roundKeys } from "../../../lib/pipeline/keys.ts";
import { assembleJob } from "../../../lib/pipeline/sheet/assemble-job.ts";
import { memoryPipeline } from "../../support/memory-pipeline.ts";
import { apiClient } from "./api-client.ts";
import { renderMost } from "./render-most.ts";

test("a job that has ended is told from its manifest, as its results tell it", async () => {
  const pipeline = await memoryPipeline();
  const { store } = pipeline;
  const call = apiClient(pipeline);
  const { jobId } = await pipeline.accept({ outputScaling: "none" });
  await renderMost(pipeline);
  await assembleJob(pipeline.jobs.open(jobId), pipeline.deps);
  const job = async () => (await call("GET", `/jobs/${jobId}`)).body;
  const keys = roundKeys(jobId);
  const manifest = await store.get(keys.manifest);

  const told = await job();
  expect(told).toMatchObject({
    state: "completed_with_failures",
    channels: [{ state: "ok" }, { state: "failed" }, {}, {}, {}],
  });
  // without the manifest, and with a damaged one, the results say it
  await store.delete(keys.manifest);
  expect(await job()).toEqual(told);
  await store.put(keys.manifest, manifest.subarray(0, 100), "application/json");
  expect(await job()).toEqual(told);
  // with it, nobody asks them
  await store.put(keys.manifest, manifest, "application/json");
  for (let channel = 1; channel <= 5; channel++) await store.delete(keys.result(channel));
  expect(await job()).toEqual(told);
});

test("letters of the title that no font has are told of", async () => {
  const pipeline = await memoryPipeline();
  const call = apiClient(pipeline);
  // of private use
  const { jobId } = await pipeline.accept({ montage: { title: "layer \u{e0f1}" } });
  await renderMost(pipeline);
  await assembleJob(pipeline.jobs.open(jobId), pipeline.deps);
  expect((await call("GET", `/jobs/${jobId}`)).body).toMatchObject({
    sheet: { notices: [expect.stringContaining("has no font for \u{e0f1}: ")] },
  });
});
