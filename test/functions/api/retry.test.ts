import { beforeEach, describe, expect, test } from "vitest";

import { renderMessages } from "../../../lib/pipeline/render/render-messages.ts";
import { assembleJob } from "../../../lib/pipeline/sheet/assemble-job.ts";
import { FakeRenderer } from "../../support/fake-renderer.ts";
import { deliveries, type MemoryPipeline, memoryPipeline } from "../../support/memory-pipeline.ts";
import { type ApiCall, apiClient } from "./api-client.ts";

let pipeline: MemoryPipeline;
let call: ApiCall;

beforeEach(async () => {
  pipeline = await memoryPipeline();
  call = apiClient(pipeline);
});

/** A job whose second channel has failed. */
async function endedJob(): Promise<string> {
  const { jobId } = await pipeline.accept();
  const renderer = new FakeRenderer({ unrenderable: [2] });
  await renderMessages(deliveries(pipeline.cpu), pipeline.renderDeps(renderer));
  await assembleJob(pipeline.jobs.open(jobId), pipeline.deps);
  pipeline.cpu.sent.length = 0;
  return jobId;
}

describe("POST /jobs/{jobId}/retry", () => {
  test("draws what failed again, of a job that has ended", async () => {
    const running = await pipeline.accept({ seed: 7 });
    expect((await call("POST", `/jobs/${running.jobId}/retry`)).status).toBe(409);
    pipeline.cpu.sent.length = 0;
    const jobId = await endedJob();
    const { status, body } = await call("POST", `/jobs/${jobId}/retry`);
    expect(status).toBe(202);
    expect(body).toMatchObject({ state: "running", ok: 4, failed: 0, completedAt: null });
    expect(pipeline.cpu.bodies).toEqual([{ jobId, channel: 2, round: 1 }]);
    await renderMessages(deliveries(pipeline.cpu), pipeline.renderDeps());
    await assembleJob(await pipeline.jobs.open(jobId).latest(), pipeline.deps);
    expect((await call("GET", `/jobs/${jobId}`)).body).toMatchObject({
      state: "completed",
      ok: 5,
      channels: [{}, { tile: expect.stringContaining("/retries/1/tiles/00002.png") }, {}, {}, {}],
      sheet: { montage: expect.stringContaining("/retries/1/montage.png") },
    });
    const listed = (await call("GET", "/jobs")).body as { jobs: { state: string }[] };
    expect(listed.jobs.map(({ state }) => state).toSorted()).toEqual(["completed", "queued"]);
    const again = await call("POST", `/jobs/${jobId}/retry`);
    expect(again).toMatchObject({
      status: 409,
      body: { problems: [expect.stringContaining("has all its images")] },
    });
    expect((await call("POST", "/jobs/none/retry")).status).toBe(404);
  });
});

describe("storage that a person has to mend", () => {
  test("a damaged job is named", async () => {
    const { jobId } = await pipeline.accept();
    const key = `jobs/${jobId}/complete.json`;
    await pipeline.store.put(key, Buffer.from("{"), "application/json");
    expect(await call("GET", `/jobs/${jobId}`)).toMatchObject({
      status: 500,
      body: {
        type: "urn:dreamgrid:problem:damaged-object",
        problems: [expect.stringContaining(`'${key}' is not as it was written`)],
      },
    });
  });

  test.each([
    ["InsufficientStorage", 507, "storage-full"],
    ["DataFolderMissing", 503, "storage-missing"],
    ["SlowDown", 500, "internal"],
  ])("%s of the store is %d", async (name, status, kind) => {
    const error = Object.assign(new Error(`what the store says: ${name}`), { name });
    pipeline.store.find = () => Promise.reject(error);
    const answer = await call("GET", "/jobs/any");
    expect(answer).toMatchObject({ status, body: { type: `urn:dreamgrid:problem:${kind}` } });
    const tells = JSON.stringify(answer.body).includes(error.message);
    expect(tells).toBe(kind !== "internal");
  });
});
