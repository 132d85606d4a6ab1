import { beforeEach, describe, expect, test } from "vitest";

import type { LiveSteps } from "../../../lib/pipeline/job/job-pace.ts";
import { deepZoomDescriptor } from "../../../lib/pipeline/sheet/deep-zoom.ts";
import { assembleJob } from "../../../lib/pipeline/sheet/assemble-job.ts";
import { renderMessages } from "../../../lib/pipeline/render/render-messages.ts";
import { FakeRenderer } from "../../support/fake-renderer.ts";
import {
  deliveries,
  type MemoryPipeline,
  memoryPipeline,
  NOW,
  TINY_REQUEST,
} from "../../support/memory-pipeline.ts";
import { type ApiCall, apiClient } from "./api-client.ts";
import { renderMost } from "./render-most.ts";

let pipeline: MemoryPipeline;
let call: ApiCall;

beforeEach(async () => {
  pipeline = await memoryPipeline();
  call = apiClient(pipeline);
});

const render = (take?: (channel: number) => boolean) => renderMost(pipeline, take);
const assemble = (jobId: string) => assembleJob(pipeline.jobs.open(jobId), pipeline.deps);

describe("how far a job is", () => {
  const after = (seconds: number) => ({ now: () => new Date(NOW.getTime() + seconds * 1000) });

  test("is told by the time since it was accepted where others render", async () => {
    const { jobId } = await pipeline.accept();
    await render((channel) => channel < 3);
    const later = apiClient(pipeline, after(20));
    // 2 of 5 ended in 20 s
    expect((await later("GET", `/jobs/${jobId}`)).body).toMatchObject({ secondsLeft: 30 });
  });

  test("is told by whoever renders", async () => {
    const { jobId } = await pipeline.accept();
    await render((channel) => channel < 3);
    const atWork = [{ level: 1, iteration: 1 }];
    const alone = { atWork, iterationsPerSecond: 0.5, others: [] };
    const told = async (steps: LiveSteps) => {
      const client = apiClient(pipeline, { ...after(20), liveSteps: () => steps });
      return (await client("GET", "/jobs")).body;
    };
    const iterations = { done: 5, total: 10 };
    expect(await told(alone)).toMatchObject({ jobs: [{ jobId, iterations, secondsLeft: 10 }] });
    // while it draws three images, others draw three, the one that they have left, and as many
    const many = { images: 9, iterationsPerImage: 7 };
    const others = [many, { images: 1, iterationsPerImage: 4 }, null];
    const secondsLeft = (5 + 3 * 7 + 4 + 5) / 0.5;
    expect(await told({ ...alone, others })).toMatchObject({ jobs: [{ iterations, secondsLeft }] });
  });

  test("has no time left to tell while it is being cancelled: what is left is not drawn", async () => {
    const { jobId } = await pipeline.accept();
    await render((channel) => channel < 3);
    const liveSteps = () => ({ atWork: [], iterationsPerSecond: 0.5, others: [] });
    for (const options of [after(20), { ...after(20), liveSteps }]) {
      const { body } = await apiClient(pipeline, options)("DELETE", `/jobs/${jobId}`);
      expect(body).toMatchObject({ state: "cancelling", secondsLeft: null });
    }
  });

  test("is running from the first image that is begun", async () => {
    const { jobId } = await pipeline.accept();
    expect((await call("GET", `/jobs/${jobId}`)).body).toMatchObject({ state: "queued" });
    await pipeline.jobs.open(jobId).images.writeAttempts(3, 1);
    expect((await call("GET", `/jobs/${jobId}`)).body).toMatchObject({ state: "running", ok: 0 });
  });

  test("has pictures that stand for it from the first one on", async () => {
    const { jobId } = await pipeline.accept({ channels: "3:7" });
    const renderer = new FakeRenderer();
    const messages = deliveries(pipeline.cpu);
    const told = async () => (await call("GET", `/jobs/${jobId}`)).body;
    expect(await told()).toMatchObject({ pictures: [] });
    await renderMessages(messages.slice(1, 3), pipeline.renderDeps(renderer));
    expect(await told()).toMatchObject({ pictures: [4, 5] });
    await renderMessages(messages, pipeline.renderDeps(renderer));
    await assemble(jobId);
    expect(await told()).toMatchObject({ pictures: [3, 4, 5, 6, 7], secondsLeft: null });
  });

  test("has none of channels that failed or were cancelled among those that stand for it", async () => {
    const { jobId } = await pipeline.accept();
    await render((channel) => channel < 4);
    await call("DELETE", `/jobs/${jobId}`);
    await render();
    await assemble(jobId);
    const { body } = await call("GET", `/jobs/${jobId}`);
    expect(body).toMatchObject({ state: "cancelled", failed: 1, cancelled: 2, pictures: [1, 3] });
  });
});

describe("one channel of a job", () => {
  test("has its trace and figures", async () => {
    const { jobId } = await pipeline.accept();
    await render((channel) => channel < 4);
    const { status, body } = await call("GET", `/jobs/${jobId}/channels/3`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      state: "ok",
      channel: 3,
      trace: [
        { level: 1, iteration: 1, activation: 3 },
        { level: 1, iteration: 2, activation: 3.1 },
      ],
    });
    const failed = await call("GET", `/jobs/${jobId}/channels/2`);
    expect(failed.body).toMatchObject({ state: "failed", reason: "channel 2 has no gradient" });
    const problems = async (path: string) => (await call("GET", path)).body;
    expect(await problems(`/jobs/${jobId}/channels/4`)).toMatchObject({
      status: 404,
      problems: [`channel 4 of job '${jobId}' has not ended`],
    });
    expect(await problems(`/jobs/${jobId}/channels/77`)).toMatchObject({
      status: 404,
      problems: [`job '${jobId}' has no channel 77`],
    });
    expect(await problems("/jobs/none/tiles/1")).toMatchObject({
      status: 404,
      problems: ["there is no job 'none'"],
    });
    expect((await call("GET", `/jobs/${jobId}/channels/0`)).status).toBe(400);
  });

  test("has its picture at an address that stays", async () => {
    const { jobId } = await pipeline.accept();
    await render((channel) => channel < 4);
    const url = `https://bucket.invalid/jobs/${jobId}/tiles/00003.png?seconds=3600`;
    const { status, headers, body } = await call("GET", `/jobs/${jobId}/tiles/3`);
    expect(status).toBe(302);
    expect(headers["Location"]).toBe(url);
    expect(body).toEqual({ url });
    const failed = await call("GET", `/jobs/${jobId}/tiles/2`);
    expect(failed.status).toBe(404);
    expect(failed.body).toMatchObject({
      problems: [`channel 2 of job '${jobId}' failed: channel 2 has no gradient`],
    });
  });

  test("has its ascent beside it where the request asked for that", async () => {
    const moving = await pipeline.accept({ channels: [3], animation: "gif" });
    const still = await pipeline.accept({ channels: [3] });
    await render();
    const { status, headers } = await call("GET", `/jobs/${moving.jobId}/animations/3`);
    expect(status).toBe(302);
    expect(headers["Location"]).toContain(`/jobs/${moving.jobId}/tiles/00003.gif`);
    const none = await call("GET", `/jobs/${still.jobId}/animations/3`);
    expect(none.status).toBe(404);
    expect(none.body).toMatchObject({
      problems: [`channel 3 of job '${still.jobId}' has no animation`],
    });
  });

  test("has its SVG document beside it where it is painted in ellipses", async () => {
    const { network, layer } = TINY_REQUEST;
    const painted = { network, layer, channels: [3], method: "fourier", ellipses: 5 };
    const accepted = await call("POST", "/jobs", { body: painted });
    const { jobId } = accepted.body as { readonly jobId: string };
    const waves = await pipeline.accept({ channels: [3] });
    await render();
    const { status, headers } = await call("GET", `/jobs/${jobId}/svgs/3`);
    expect(status).toBe(302);
    expect(headers["Location"]).toContain(`/jobs/${jobId}/tiles/00003.svg`);
    const bytes = await pipeline.store.get(`jobs/${jobId}/tiles/00003.svg`);
    expect(Buffer.from(bytes).toString()).toBe('<svg id="3"/>');
    const none = await call("GET", `/jobs/${waves.jobId}/svgs/3`);
    expect(none.status).toBe(404);
    expect(none.body).toMatchObject({
      problems: [`channel 3 of job '${waves.jobId}' has no SVG`],
    });
  });

  test("so have the sheet and its pieces", async () => {
    const { jobId } = await pipeline.accept();
    expect((await call("GET", `/jobs/${jobId}/sheet`)).body).toMatchObject({
      status: 404,
      problems: [`job '${jobId}' has not ended; it has no sheet yet`],
    });
    await render();
    await assemble(jobId);
    const { headers } = await call("GET", `/jobs/${jobId}/sheet`);
    // it is another when what failed has been drawn again
    expect(headers["Cache-Control"]).toBe("no-cache");
    expect(headers["Location"]).toBe(
      `https://bucket.invalid/jobs/${jobId}/montage.png?seconds=3600`,
    );
    const piece = async (place: string, job = jobId) => {
      const answer = await call("GET", `/jobs/${job}/deep-zoom/${place}`);
      return answer.headers["Location"] ?? answer.body;
    };
    const none = (problem: string) => ({ status: 404, problems: [problem] });
    const noPiece = none(`the sheet of job '${jobId}' has no such piece`);
    // one image
    expect(await piece("9/0/0")).toMatchObject(noPiece);
    expect(await piece("9/0/0", "none")).toMatchObject(none("there is no job 'none'"));
    const { images } = pipeline.jobs.open(jobId);
    await images.writeDeepZoom(deepZoomDescriptor({ width: 900, height: 1_000 }));
    expect(await piece("10/3/2")).toContain(`/jobs/${jobId}/montage_files/10/3_2.png`);
    expect(await piece("11/0/0")).toMatchObject(noPiece);
    expect((await call("GET", `/jobs/${jobId}/deep-zoom/9/-1/3`)).status).toBe(400);
  });

  test("a sheet that is cut up says how large it is", async () => {
    const { jobId } = await pipeline.accept();
    await render();
    await assemble(jobId);
    const { images } = pipeline.jobs.open(jobId);
    await images.writeDeepZoom(deepZoomDescriptor({ width: 70_000, height: 40_001 }));
    expect((await call("GET", `/jobs/${jobId}`)).body).toMatchObject({
      sheet: { deepZoom: { width: 70_000, height: 40_001, pieceSize: 256 } },
    });
  });
});
