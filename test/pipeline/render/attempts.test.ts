import { expect, test } from "vitest";

import { floatTensor } from "../../../lib/onnx/tensor.ts";
import { roundKeys } from "../../../lib/pipeline/keys.ts";
import { MAX_ATTEMPTS } from "../../../lib/pipeline/limits.ts";
import { encodeCheckpoint } from "../../../lib/pipeline/render/checkpoint.ts";
import { renderMessages } from "../../../lib/pipeline/render/render-messages.ts";
import type { RenderHooks, RenderTask } from "../../../lib/pipeline/render/renderer.ts";
import { ascentState } from "../../optvis/ascent/ascent-state.ts";
import { FakeRenderer } from "../../support/fake-renderer.ts";
import { deliveries, memoryPipeline } from "../../support/memory-pipeline.ts";

test("only deliveries that began a channel count against it, and one begun too often is given up", async () => {
  const pipeline = await memoryPipeline();
  const { jobId } = await pipeline.accept();
  const job = pipeline.jobs.open(jobId);
  const attempts = () =>
    Promise.all([1, 2, 3, 4, 5].map((channel) => job.images.attempts(channel)));
  /** Renders the batch until the first channel is begun, then dies without an answer. */
  const killAtFirst = async () => {
    const isDead = new AbortController();
    const renderer = new FakeRenderer({ beforeChannel: () => isDead.abort() });
    const hooks = { signal: isDead.signal };
    await renderMessages(deliveries(pipeline.cpu), pipeline.renderDeps(renderer), hooks);
  };
  for (let kills = 0; kills < 5; kills++) await killAtFirst();
  // each time another: those that were tried go last
  expect(await attempts()).toEqual([1, 1, 1, 1, 1]);
  for (let kills = 0; kills < 10; kills++) await killAtFirst();
  expect(await attempts()).toEqual([3, 3, 3, 3, 3]);
  await job.images.writeAttempts(4, MAX_ATTEMPTS);
  const renderer = new FakeRenderer();
  expect(await renderMessages(deliveries(pipeline.cpu), pipeline.renderDeps(renderer))).toEqual([]);
  expect(renderer.calls.flat().toSorted((a, b) => a - b)).toEqual([1, 2, 3, 5]);
  expect(await job.result(4)).toMatchObject({
    state: "failed",
    attempts: MAX_ATTEMPTS,
    reason: expect.stringContaining("no worker finished the channel in 5 attempts"),
  });
  expect((await job.result(1)).attempts).toBe(4);
});

/** How many channels have been begun when each of ten workers in turn is killed. */
const KILLED_AT = [1, 1, 3, 1, 2, 6, 1, 1, 4, 2];

test("ten workers are killed at a job of 20 channels: none fails, and each image is the same", async () => {
  const channels = Array.from({ length: 20 }, (_, i) => i + 1);
  const drawn = async (killedAt: readonly number[]) => {
    const pipeline = await memoryPipeline({ wideChannels: 20 });
    const { jobId } = await pipeline.accept({ layer: "wide", channels });
    for (const most of killedAt) {
      const isDead = new AbortController();
      let begun = 0;
      const beforeChannel = () => {
        if (++begun === most) isDead.abort();
      };
      const deps = pipeline.renderDeps(new FakeRenderer({ beforeChannel }));
      await renderMessages(deliveries(pipeline.cpu), deps, { signal: isDead.signal });
      // the worker was at work when it died
      expect(begun).toBe(most);
    }
    const deps = pipeline.renderDeps(new FakeRenderer());
    expect(await renderMessages(deliveries(pipeline.cpu), deps)).toEqual([]);
    const job = pipeline.jobs.open(jobId);
    return Promise.all(
      channels.map(async (channel) => {
        const result = await job.result(channel);
        const { state, attempts } = result;
        return { state, attempts, tile: result.state === "ok" ? result.tile.sha256 : null };
      }),
    );
  };
  const [killed, whole] = [await drawn(KILLED_AT), await drawn([])];
  expect(killed.map(({ state }) => state)).toEqual(channels.map(() => "ok"));
  expect(killed.map(({ tile }) => tile)).toEqual(whole.map(({ tile }) => tile));
  expect(new Set(whole.map(({ tile }) => tile)).size).toBe(20);
  // one attempt more for each of those that were being drawn, and no others
  const total = (results: typeof killed) => results.reduce((sum, each) => sum + each.attempts, 0);
  expect(total(killed) - total(whole)).toBe(KILLED_AT.length);
});

test("no checkpoint outlives its channel, however that ends", async () => {
  const pipeline = await memoryPipeline();
  const { jobId } = await pipeline.accept();
  const job = pipeline.jobs.open(jobId);
  const write = (channel: number, bytes: Uint8Array) => job.images.writeCheckpoint(channel, bytes);
  const bytes = encodeCheckpoint({ part: 0, first: null, states: [] });
  const stored = () => pipeline.store.keys(roundKeys(jobId).checkpoints);
  await Promise.all([1, 2, 3, 4].map((channel) => write(channel, bytes)));
  // of another version of the code, or damaged
  await write(5, bytes.subarray(0, 3));
  const delivered = { attempts: 1, now: pipeline.clock.now };
  await job.end(1, { state: "cancelled" }, delivered);
  await job.images.writeAttempts(2, MAX_ATTEMPTS);
  const rendering = renderMessages(
    deliveries(pipeline.cpu).filter(({ body }) => !body.includes('"channel":4')),
    pipeline.renderDeps(new FakeRenderer({ unrenderable: [3] })),
  );
  expect(await rendering).toEqual([]);
  expect(stored()).toEqual([roundKeys(jobId).checkpoint(4)]);
  await job.cancel(pipeline.clock.now);
  await renderMessages(deliveries(pipeline.cpu), pipeline.renderDeps());
  expect(stored()).toEqual([]);
});

test("what a failed group has used up of its checkpoints is read again", async () => {
  const pipeline = await memoryPipeline();
  const { jobId } = await pipeline.accept({ channels: [1, 2, 3] });
  const { images } = pipeline.jobs.open(jobId);
  for (const channel of [1, 2]) {
    const image = floatTensor([2, 3], [1, 2, 3, 4, 5, channel]);
    const state = ascentState(channel, { parameters: { image }, seconds: 1, done: 1 });
    const checkpoint = { part: 0, first: null, states: [state] };
    await images.writeCheckpoint(channel, encodeCheckpoint(checkpoint));
  }
  const resumed: (readonly number[])[] = [];
  /** Takes the states for itself, as the engine's threads do. */
  class TakingRenderer extends FakeRenderer {
    override render(task: RenderTask, hooks: RenderHooks = {}) {
      for (const { parameters } of hooks.resume ?? []) {
        const { data } = parameters["image"]!;
        resumed.push([...data]);
        structuredClone(null, { transfer: [data.buffer as ArrayBuffer] });
      }
      return super.render(task, hooks);
    }
  }
  const deps = pipeline.renderDeps(new TakingRenderer({ throwing: [2] }));
  expect(await renderMessages(deliveries(pipeline.cpu), deps)).toHaveLength(1);
  const [first, second] = [1, 2].map((channel) => [1, 2, 3, 4, 5, channel]);
  // the group, in which the first ends, and the second alone
  expect(resumed).toEqual([first, second, second]);
});
