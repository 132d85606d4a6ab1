import { beforeEach, describe, expect, test } from "vitest";

import { assembleJob } from "../../../lib/pipeline/sheet/assemble-job.ts";
import { GOOD_CARD } from "../../support/fake-renderer.ts";
import {
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

const channels = (numbers: readonly number[]) => numbers.map((channel) => ({ channel }));

describe("POST /jobs", () => {
  test("takes a job and says where it is", async () => {
    const { status, body, headers } = await call("POST", "/jobs", { body: TINY_REQUEST });
    expect(status).toBe(202);
    const [jobFolder] = pipeline.store.keys("jobs/").map((key) => key.split("/")[1]);
    expect(body).toEqual({
      jobId: jobFolder,
      total: 5,
      estimate: { coreSeconds: 0.8, dollars: 0.000023 },
      links: { self: `/jobs/${jobFolder}` },
    });
    expect(headers["Location"]).toBe(`/jobs/${jobFolder}`);
    expect(pipeline.cpu.bodies).toHaveLength(5);
  });

  test("answers the same request with the same job, and another with another", async () => {
    const first = await call("POST", "/jobs", { body: TINY_REQUEST });
    const again = await call("POST", "/jobs", { body: { ...TINY_REQUEST, seed: 0 } });
    const other = await call("POST", "/jobs", { body: { ...TINY_REQUEST, seed: 1 } });
    expect(again.body).toEqual(first.body);
    expect(other.body).not.toEqual(first.body);
    expect(pipeline.cpu.bodies).toHaveLength(10);
  });

  test("names the job after the idempotency key, once", async () => {
    const headers = { "idempotency-KEY": "atlas_7" };
    const first = await call("POST", "/jobs", { body: TINY_REQUEST, headers });
    expect(first.body).toMatchObject({ jobId: "atlas_7" });
    const other = await call("POST", "/jobs", { body: { ...TINY_REQUEST, seed: 4 }, headers });
    expect(other.status).toBe(422);
    expect(other.body).toMatchObject({ type: "urn:dreamgrid:problem:idempotency-key-reused" });
    expect(pipeline.cpu.bodies).toHaveLength(5);
  });

  test("says of a dry run what the job would be, and begins nothing", async () => {
    const dry = await call("POST", "/jobs?dryRun=true", { body: TINY_REQUEST });
    expect(pipeline.store.keys("jobs/")).toEqual([]);
    expect(pipeline.cpu.bodies).toEqual([]);
    expect(pipeline.assembly.bodies).toEqual([]);
    const wet = await call("POST", "/jobs?dryRun=false", { body: TINY_REQUEST });
    expect([dry.status, dry.body]).toEqual([202, wet.body]);
    const again = await call("POST", "/jobs?dryRun=true", { body: TINY_REQUEST });
    expect(again.body).toEqual(wet.body);
    expect(pipeline.cpu.bodies).toHaveLength(5);
  });

  test("refuses a dry run of what it would refuse", async () => {
    const bad = { ...TINY_REQUEST, channels: [99] };
    const wanted = await call("POST", "/jobs", { body: bad });
    expect(await call("POST", "/jobs?dryRun=true", { body: bad })).toEqual(wanted);
    expect(wanted.status).toBe(400);
    const headers = { "Idempotency-Key": "mine" };
    await call("POST", "/jobs", { body: TINY_REQUEST, headers });
    const other = { ...TINY_REQUEST, seed: 4 };
    const taken = await call("POST", "/jobs?dryRun=true", { body: other, headers });
    expect(taken.status).toBe(422);
    const unsure = await call("POST", "/jobs?dryRun=maybe", { body: bad });
    expect(unsure.body).toMatchObject({
      problems: ['query.dryRun: given "maybe"; wanted true or false'],
    });
  });

  test("puts the stage before its links", async () => {
    const { body } = await call("POST", "/jobs", { body: TINY_REQUEST, stage: "/prod" });
    expect(body).toMatchObject({ links: { self: expect.stringMatching(/^\/prod\/jobs\/\w+$/) } });
  });

  test("is found behind a path that a domain of one's own puts before it", async () => {
    const { status, body } = await call("POST", "/jobs", {
      body: TINY_REQUEST,
      domainPath: "/dream/v1",
    });
    expect(status).toBe(202);
    const self = expect.stringMatching(/^\/dream\/v1\/jobs\/\w+$/);
    expect(body).toMatchObject({ links: { self } });
  });

  test("is not found with a slash at the end, wherever the API is", async () => {
    for (const domainPath of ["", "/dream/v1"]) {
      const { status, body } = await call("GET", "/jobs/", { domainPath });
      expect(status).toBe(404);
      expect(body).toMatchObject({ problems: ["there is nothing at '/jobs/'"] });
    }
  });

  test("lists every problem of a document", async () => {
    const bad = { network: "tiny", layer: 0, channels: [], chanels: 1, pyramidScale: 1 };
    const { status, body } = await call("POST", "/jobs", { body: bad });
    expect(status).toBe(400);
    expect(body).toMatchObject({
      type: "urn:dreamgrid:problem:invalid-request",
      problems: [
        expect.stringContaining("layer: given 0"),
        expect.stringContaining("channels: given []"),
        expect.stringContaining("pyramidScale: given 1"),
        "chanels: unknown field (did you mean 'channels'?); remove it",
      ],
    });
  });

  test("lists what only the network can tell", async () => {
    const bad = { ...TINY_REQUEST, channels: [1, 99, 100] };
    const { status, body } = await call("POST", "/jobs", { body: bad });
    expect(status).toBe(400);
    expect(JSON.stringify(body)).toContain("99");
    expect(JSON.stringify(body)).toContain("7");
  });
});

describe("GET /jobs/{jobId}", () => {
  test("counts and links what is there while the job runs", async () => {
    const { jobId } = await pipeline.accept({ outputScaling: "none" });
    expect((await call("GET", `/jobs/${jobId}`)).body).toMatchObject({ state: "queued", ok: 0 });
    await render((channel) => channel < 4);
    const { status, body } = await call("GET", `/jobs/${jobId}`);
    expect(status).toBe(200);
    const link = (key: string) => `https://bucket.invalid/jobs/${jobId}/${key}?seconds=3600`;
    const nothing = { activation: null, tile: null, raw: null, quality: null, reason: null };
    expect(body).toEqual({
      jobId,
      state: "running",
      network: "tiny",
      layer: { index: 2, name: "wide" },
      provider: "cpu",
      createdAt: NOW.toISOString(),
      completedAt: null,
      total: 5,
      ok: 2,
      failed: 1,
      cancelled: 0,
      // the fake renderer ends channel c of two iterations at c + 0.1
      meanActivation: (1.1 + 3.1) / 2,
      // two iterations of each
      iterations: { done: 6, total: 10 },
      // no time has passed
      secondsLeft: 0,
      pictures: [],
      request: expect.objectContaining({ layer: 2, channels: [1, 2, 3, 4, 5], seed: 0 }),
      shortest: expect.objectContaining({ layer: "wide", channels: [1, 2, 3, 4, 5] }),
      tileSize: { width: 20, height: 16 },
      estimate: { coreSeconds: 0.8, dollars: 0.000023 },
      sheet: null,
      channels: [
        {
          channel: 1,
          label: null,
          state: "ok",
          activation: 1.1,
          tile: link("tiles/00001.png"),
          raw: link("tiles/00001.npy"),
          quality: { ...GOOD_CARD, redrawn: false },
          reason: null,
        },
        {
          ...nothing,
          channel: 2,
          label: null,
          state: "failed",
          reason: "channel 2 has no gradient",
        },
        {
          channel: 3,
          label: null,
          state: "ok",
          activation: 3.1,
          tile: link("tiles/00003.png"),
          raw: link("tiles/00003.npy"),
          quality: { ...GOOD_CARD, redrawn: false },
          reason: null,
        },
        { ...nothing, channel: 4, label: null, state: "waiting" },
        { ...nothing, channel: 5, label: null, state: "waiting" },
      ],
      links: { self: `/jobs/${jobId}`, next: null },
    });
  });

  test("links the sheet at the end", async () => {
    const { jobId } = await pipeline.accept();
    await render();
    await assemble(jobId);
    const { body } = await call("GET", `/jobs/${jobId}`);
    expect(body).toMatchObject({
      state: "completed_with_failures",
      ok: 4,
      failed: 1,
      completedAt: NOW.toISOString(),
      sheet: {
        montage: `https://bucket.invalid/jobs/${jobId}/montage.png?seconds=3600`,
        manifest: `https://bucket.invalid/jobs/${jobId}/manifest.json?seconds=3600`,
        notices: [],
        deepZoom: null,
      },
    });
  });

  test("pages through the channels in the order of the sheet", async () => {
    const { jobId } = await pipeline.accept({ channels: [5, 1, 7, 3] });
    const first = await call("GET", `/jobs/${jobId}?limit=3`);
    expect(first.body).toMatchObject({
      channels: channels([5, 1, 7]),
      links: { next: `/jobs/${jobId}?offset=3&limit=3` },
    });
    const second = await call("GET", `/jobs/${jobId}?offset=3&limit=3`);
    expect(second.body).toMatchObject({ channels: channels([3]), links: { next: null } });
  });

  test("does not know a job that is not there", async () => {
    const { status, body } = await call("GET", "/jobs/none");
    expect(status).toBe(404);
    expect(body).toMatchObject({ problems: ["there is no job 'none'"] });
  });
});

describe("DELETE /jobs/{jobId}", () => {
  test("ends what has not ended as cancelled", async () => {
    const { jobId } = await pipeline.accept();
    await render((channel) => channel === 1);
    const { status, body } = await call("DELETE", `/jobs/${jobId}`);
    expect(status).toBe(202);
    expect(body).toMatchObject({ state: "cancelling", ok: 1 });
    await render();
    await assemble(jobId);
    const after = await call("GET", `/jobs/${jobId}`);
    expect(after.body).toMatchObject({ state: "cancelled", ok: 1, failed: 0, cancelled: 4 });
    // two of each image, of which one was drawn
    expect(after.body).toMatchObject({ iterations: { done: 2, total: 10 } });
  });

  test("may be said twice, but not after the end", async () => {
    const { jobId } = await pipeline.accept();
    expect((await call("DELETE", `/jobs/${jobId}`)).status).toBe(202);
    expect((await call("DELETE", `/jobs/${jobId}`)).status).toBe(202);
    await render();
    await assemble(jobId);
    const before = pipeline.store.keys();
    expect((await call("DELETE", `/jobs/${jobId}`)).status).toBe(409);
    expect((await call("DELETE", "/jobs/none")).status).toBe(404);
    expect(pipeline.store.keys()).toEqual(before);
  });
});
