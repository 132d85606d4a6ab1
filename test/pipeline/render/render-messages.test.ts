import { createHash } from "node:crypto";

import { expect, test } from "vitest";

import { decodeNpy } from "../../../lib/image/npy.ts";
import { pictureOf } from "../../../lib/image/picture.ts";
import { decodeImage, encodePng } from "../../../lib/image/png.ts";
import { filledRaster } from "../../../lib/image/raster.ts";
import { clippedScale } from "../../../lib/image/rescale.ts";
import { roundKeys } from "../../../lib/pipeline/keys.ts";
import { MAX_ATTEMPTS } from "../../../lib/pipeline/limits.ts";
import { renderMessages } from "../../../lib/pipeline/render/render-messages.ts";
import { tileRecord } from "../../../lib/pipeline/sheet/sheet-manifest.ts";
import { fakeImage, FakeRenderer, GOOD_CARD } from "../../support/fake-renderer.ts";
import { deliveries, memoryPipeline, NOW } from "../../support/memory-pipeline.ts";

const redImage = (red: number) => encodePng(filledRaster({ width: 24, height: 20 }, [red, 0, 0]));

test("channels of one job are rendered together, each with a tile and a full record", async () => {
  const pipeline = await memoryPipeline();
  const { jobId } = await pipeline.accept();
  const renderer = new FakeRenderer();
  const failed = await renderMessages(deliveries(pipeline.cpu), pipeline.renderDeps(renderer));

  expect(failed).toEqual([]);
  expect(renderer.calls).toEqual([[1, 2, 3, 4, 5]]);
  const tile = await pipeline.store.get(roundKeys(jobId).tile(3));
  const image = fakeImage(3, 0);
  const picture = pictureOf(image, "colours", clippedScale(image));
  expect((await decodeImage(tile)).data).toEqual(picture.data);
  expect(await pipeline.jobs.open(jobId).result(3)).toEqual({
    version: 1,
    jobId,
    channel: 3,
    channelIndex: 2,
    attempts: 1,
    finishedAt: NOW.toISOString(),
    state: "ok",
    tile: {
      key: `jobs/${jobId}/tiles/00003.png`,
      sha256: createHash("sha256").update(tile).digest("hex"),
      width: 20,
      height: 16,
    },
    raw: null,
    activation: 3.1,
    trace: [
      { level: 1, iteration: 1, activation: 3 },
      { level: 1, iteration: 2, activation: 3.1 },
    ],
    seconds: 0.5,
    provider: "cpu",
    seed: 0,
    restarts: 0,
    quality: { ...GOOD_CARD, redrawn: false },
  });
});

test("the task has the plan's options and the network of the plan", async () => {
  const pipeline = await memoryPipeline();
  await pipeline.accept({ objective: "mean", pyramidLevels: 2, seed: 9, channels: [4] });
  const renderer = new FakeRenderer();
  await renderMessages(deliveries(pipeline.cpu), pipeline.renderDeps(renderer));
  const options = { numIterations: 2, pyramidLevels: 2, pyramidScale: 1.4, seed: 9 };
  expect(renderer.tasks[0]).toMatchObject({
    request: { method: "deepdream", layer: 2, channels: [4], objective: "mean", ...options },
    channels: [4],
    initialImage: null,
    provider: "cpu",
    network: { description: { id: "tiny" } },
  });
});

test("without output scaling the raw values are kept too", async () => {
  const pipeline = await memoryPipeline();
  const { jobId } = await pipeline.accept({ outputScaling: "none", channels: [2] });
  await renderMessages(deliveries(pipeline.cpu), pipeline.renderDeps());
  const raw = decodeNpy(await pipeline.store.get(roundKeys(jobId).rawTile(2)));
  const image = fakeImage(2, 0);
  expect(raw).toEqual({ shape: [3, 16, 20], data: image.data });
  const shown = await decodeImage(await pipeline.store.get(roundKeys(jobId).tile(2)));
  // red of the first pixel: noise is centred on zero, which is shown as mid grey
  expect(shown.data[0]).toBe(Math.round(image.data[0]! + 128));
});

test("a channel with a result is not rendered again, and duplicates in a batch are rendered once", async () => {
  const pipeline = await memoryPipeline();
  await pipeline.accept();
  const batch = deliveries(pipeline.cpu);
  const renderer = new FakeRenderer();
  await renderMessages(batch.slice(0, 2), pipeline.renderDeps(renderer));
  const twice = [
    ...batch,
    ...batch.map((message) => ({ ...message, messageId: `${message.messageId}b` })),
  ];
  expect(await renderMessages(twice, pipeline.renderDeps(renderer))).toEqual([]);
  expect(renderer.calls).toEqual([
    [1, 2],
    [3, 4, 5],
  ]);
});

test("of two workers that render a channel at once the first result stands, with its tile's bytes", async () => {
  const pipeline = await memoryPipeline();
  const { jobId } = await pipeline.accept({ channels: [4] });
  const workers = [1, 2, 3].map((noise) => pipeline.renderDeps(new FakeRenderer({ noise })));
  const outcomes = await Promise.all(
    workers.map((deps) => renderMessages(deliveries(pipeline.cpu), deps)),
  );
  expect(outcomes).toEqual([[], [], []]);
  const result = await pipeline.jobs.open(jobId).result(4);
  const tile = await pipeline.store.get(roundKeys(jobId).tile(4));
  expect(result).toMatchObject({
    tile: { sha256: createHash("sha256").update(tile).digest("hex") },
  });
});

test("messages of several jobs in one batch go to their own jobs", async () => {
  const pipeline = await memoryPipeline();
  await pipeline.accept({ channels: [1, 2] });
  await pipeline.accept({ channels: [6, 7], seed: 3 });
  const renderer = new FakeRenderer();
  expect(await renderMessages(deliveries(pipeline.cpu), pipeline.renderDeps(renderer))).toEqual([]);
  expect(renderer.tasks.map(({ channels, request }) => [channels, request.seed])).toEqual([
    [[1, 2], 0],
    [[6, 7], 3],
  ]);
});

test("of several jobs in one batch the one with the fewest channels is drawn first", async () => {
  const pipeline = await memoryPipeline();
  await pipeline.accept({ channels: "1:4" });
  await pipeline.accept({ channels: "1:2", seed: 1 });
  await pipeline.accept({ channels: "1:3", seed: 2 });
  const renderer = new FakeRenderer();
  await renderMessages(deliveries(pipeline.cpu), pipeline.renderDeps(renderer));
  expect(renderer.tasks.map(({ request }) => request.seed)).toEqual([1, 2, 0]);
});

test("a body that is no channel message, or names a channel out of the plan, fails alone", async () => {
  const pipeline = await memoryPipeline();
  const { jobId } = await pipeline.accept({ channels: [1] });
  const odd = [
    { messageId: "torn", body: "{" },
    { messageId: "other", body: '{"jobId":"a"}' },
  ];
  const failures = new Map<string, { readonly job: unknown; readonly reason: string }>();
  const failed = await renderMessages(
    [...odd, ...deliveries(pipeline.cpu)],
    pipeline.renderDeps(),
    {
      onFailure: ({ messageId, job, error }) =>
        failures.set(messageId, { job, reason: String(error) }),
    },
  );
  expect(failed.toSorted()).toEqual(["other", "torn"]);
  expect(Object.fromEntries(failures)).toEqual({
    other: { job: null, reason: expect.stringMatching(/^Error: not a channel message: /) },
    torn: { job: null, reason: expect.stringMatching(/^Error: not a channel message: /) },
  });
  expect((await pipeline.jobs.open(jobId).result(1)).state).toBe("ok");
  const stray = [{ messageId: "stray", body: JSON.stringify({ jobId, channel: 6 }) }];
  expect(await renderMessages(stray, pipeline.renderDeps())).toEqual(["stray"]);
});

test("what the renderer calls undrawable is a failed result at once", async () => {
  const pipeline = await memoryPipeline();
  const { jobId } = await pipeline.accept();
  const renderer = new FakeRenderer({ unrenderable: [2] });
  expect(await renderMessages(deliveries(pipeline.cpu), pipeline.renderDeps(renderer))).toEqual([]);
  expect(await pipeline.jobs.open(jobId).result(2)).toMatchObject({
    state: "failed",
    source: "renderer",
    reason: "channel 2 has no gradient",
  });
});

test("a value that is not finite never becomes a tile", async () => {
  const pipeline = await memoryPipeline();
  const { jobId } = await pipeline.accept({ channels: [2] });
  await renderMessages(
    deliveries(pipeline.cpu),
    pipeline.renderDeps(new FakeRenderer({ noise: NaN })),
  );
  expect(await pipeline.jobs.open(jobId).result(2)).toMatchObject({
    state: "failed",
    reason: "value 0 of the image is NaN",
  });
  expect(pipeline.store.keys(roundKeys(jobId).tiles)).toEqual([]);
});

test("if a group fails its channels are rendered one by one, and only the one at fault is retried", async () => {
  const pipeline = await memoryPipeline();
  const { jobId } = await pipeline.accept();
  const renderer = new FakeRenderer({ throwing: [2] });
  const failed = await renderMessages(deliveries(pipeline.cpu), pipeline.renderDeps(renderer));
  expect(failed).toEqual(["m1"]);
  expect(renderer.calls).toEqual([[1, 2, 3, 4, 5], [2], [3], [4], [5]]);
  expect(pipeline.store.keys(roundKeys(jobId).results)).toHaveLength(4);
});

test("channels tried before are rendered alone and after the fresh ones", async () => {
  const pipeline = await memoryPipeline();
  const { jobId } = await pipeline.accept();
  const job = pipeline.jobs.open(jobId);
  await job.images.writeAttempts(1, 2);
  await job.images.writeAttempts(3, 1);
  const renderer = new FakeRenderer();
  await renderMessages(deliveries(pipeline.cpu), pipeline.renderDeps(renderer));
  expect(renderer.calls).toEqual([[2, 4, 5], [3], [1]]);
});

test("on its last attempt an error becomes the channel's failed result", async () => {
  const pipeline = await memoryPipeline();
  const { jobId } = await pipeline.accept({ channels: [2] });
  const deps = pipeline.renderDeps(new FakeRenderer({ throwing: [2] }));
  for (let count = 1; count < MAX_ATTEMPTS; count++) {
    expect(await renderMessages(deliveries(pipeline.cpu), deps)).toEqual(["m0"]);
  }
  expect(await renderMessages(deliveries(pipeline.cpu), deps)).toEqual([]);
  expect(await pipeline.jobs.open(jobId).result(2)).toMatchObject({
    state: "failed",
    attempts: MAX_ATTEMPTS,
    reason: "the renderer lost channel 2",
  });
});

test("a worker that is stopped keeps what has ended and gives the rest back, even the last time", async () => {
  const pipeline = await memoryPipeline();
  const { jobId } = await pipeline.accept();
  const stop = new AbortController();
  const renderer = new FakeRenderer({
    beforeChannel: (channel) => {
      if (channel === 3) stop.abort(new Error("stopped"));
    },
  });
  const hooks = { signal: stop.signal };
  const failed = await renderMessages(
    deliveries(pipeline.cpu),
    pipeline.renderDeps(renderer),
    hooks,
  );
  expect(failed).toEqual(["m2", "m3", "m4"]);
  expect(pipeline.store.keys(roundKeys(jobId).results)).toHaveLength(2);
  await pipeline.jobs.open(jobId).images.writeAttempts(5, MAX_ATTEMPTS - 1);
  const last = deliveries(pipeline.cpu).slice(4);
  expect(await renderMessages(last, pipeline.renderDeps(renderer), hooks)).toEqual(["m4"]);
});

test("an initial image that changed after the job was accepted fails its channels, with the reason", async () => {
  const pipeline = await memoryPipeline();
  await pipeline.store.put("uploads/a.png", await redImage(1), "image/png");
  const { jobId } = await pipeline.accept({ channels: [1], initialImage: "uploads/a.png" });
  const renderer = new FakeRenderer();
  await renderMessages(deliveries(pipeline.cpu).slice(0, 1), pipeline.renderDeps(renderer));
  expect(renderer.tasks[0]?.initialImage).toMatchObject({ width: 24, height: 20 });

  const other = await pipeline.accept({ channels: [2], initialImage: "uploads/a.png" });
  await pipeline.store.put("uploads/a.png", await redImage(2), "image/png");
  await pipeline.jobs.open(other.jobId).images.writeAttempts(2, MAX_ATTEMPTS - 1);
  const message = deliveries(pipeline.cpu).slice(1);
  await renderMessages(message, pipeline.renderDeps(renderer));
  expect(await pipeline.jobs.open(other.jobId).result(2)).toMatchObject({
    state: "failed",
    reason: expect.stringContaining("has changed since the job was accepted"),
  });
  expect((await pipeline.jobs.open(jobId).result(1)).state).toBe("ok");
});

test("what a renderer notices of a job is told once, with the job's id, and stays with its images", async () => {
  class NoticingRenderer extends FakeRenderer {
    override async render(...[task, hooks = {}]: Parameters<FakeRenderer["render"]>) {
      for (const notice of ["one image at a time", "one image at a time", "another"]) {
        hooks.onNotice?.(notice);
      }
      return super.render(task, hooks);
    }
  }
  const pipeline = await memoryPipeline();
  const { jobId } = await pipeline.accept();
  const notices: (readonly [string, string])[] = [];
  await renderMessages(deliveries(pipeline.cpu), pipeline.renderDeps(new NoticingRenderer()), {
    onNotice: (...notice) => void notices.push(notice),
  });
  expect(notices).toEqual([
    [jobId, "one image at a time"],
    [jobId, "another"],
  ]);
  const result = await pipeline.jobs.open(jobId).result(1);
  expect(result).toMatchObject({ state: "ok", notices: ["one image at a time", "another"] });
  expect(tileRecord(result)).toMatchObject({ notices: ["one image at a time", "another"] });
  const plain = await memoryPipeline();
  const other = await plain.accept();
  await renderMessages(deliveries(plain.cpu), plain.renderDeps(new FakeRenderer()));
  expect(await plain.jobs.open(other.jobId).result(1)).not.toHaveProperty("notices");
});
