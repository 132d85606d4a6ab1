import { expect, test } from "vitest";

import type { FailedChannel } from "../../../lib/optvis/ascent/task.ts";
import type { QualityCard } from "../../../lib/optvis/quality/card.ts";
import { type ExaminedTile, renderTiles } from "../../../lib/pipeline/render/render-tiles.ts";
import { MAX_SEED } from "../../../lib/pipeline/limits.ts";
import type { RenderedImage, RenderTask } from "../../../lib/pipeline/render/renderer.ts";
import { ascentState } from "../../optvis/ascent/ascent-state.ts";
import { fakeImage, FakeRenderer, GOOD_CARD } from "../../support/fake-renderer.ts";
import { deliveries, memoryPipeline } from "../../support/memory-pipeline.ts";
import { renderMessages } from "../../../lib/pipeline/render/render-messages.ts";

const FRAGILE: QualityCard = {
  ...GOOD_CARD,
  source: { activation: 3, probability: null, rank: 2, robustness: 0.3 },
  selective: false,
  marks: ["fragile"],
};
const LESS_FRAGILE: QualityCard = {
  ...FRAGILE,
  source: { activation: 3, probability: null, rank: 2, robustness: 0.4 },
};

/** Gives a channel's pictures the cards named, in the order in which they are drawn. */
class CardedRenderer extends FakeRenderer {
  readonly #cards: Map<number, QualityCard[]>;

  constructor(
    cards: Readonly<Record<number, QualityCard[]>>,
    options?: ConstructorParameters<typeof FakeRenderer>[0],
  ) {
    super(options);
    this.#cards = new Map(Object.entries(cards).map(([key, list]) => [Number(key), [...list]]));
  }

  override examine(_task?: unknown, channel: number | null = null): Promise<QualityCard> {
    return Promise.resolve(this.#cards.get(channel ?? 0)?.shift() ?? GOOD_CARD);
  }
}

/** The task of a job whose request is `more`, as a worker hears of it. */
async function taskOf(more: Parameters<Pipeline["accept"]>[0] = {}): Promise<RenderTask> {
  const pipeline = await memoryPipeline();
  await pipeline.accept({ channels: [2, 4], seed: 7, ...more });
  const renderer = new FakeRenderer();
  await renderMessages(deliveries(pipeline.cpu), pipeline.renderDeps(renderer));
  return renderer.tasks[0]!;
}
type Pipeline = Awaited<ReturnType<typeof memoryPipeline>>;

async function tilesOf(renderer: FakeRenderer, task: RenderTask) {
  const tiles: (ExaminedTile | FailedChannel)[] = [];
  await renderTiles(renderer, task, {
    onTile: (tile) => {
      tiles.push(tile);
      return Promise.resolve();
    },
  });
  return tiles;
}

test("a poor picture is drawn once more, after the others, and the better one kept", async () => {
  const renderer = new CardedRenderer({ 2: [FRAGILE, LESS_FRAGILE] });
  const tiles = await tilesOf(renderer, await taskOf());
  expect(renderer.tasks.map(({ channels, request }) => [channels, request.seed])).toEqual([
    [[2, 4], 7],
    [[2], 1007],
  ]);
  expect(tiles).toMatchObject([
    { channel: 4, seed: 7, redrawn: false, quality: GOOD_CARD, seconds: 0.5 },
    { channel: 2, seed: 1007, redrawn: true, quality: LESS_FRAGILE, seconds: 1 },
  ]);
  expect(tiles[1]).toMatchObject({ image: fakeImage(2, 1007) });
});

test("the seed after the last one is the first: no request may have another", async () => {
  const renderer = new CardedRenderer({ 2: [FRAGILE, LESS_FRAGILE] });
  const [, tile] = await tilesOf(renderer, await taskOf({ seed: MAX_SEED - 1 }));
  expect(tile).toMatchObject({ channel: 2, seed: 998, redrawn: true });
});

test("the first picture stays where the second is no better, and is marked too", async () => {
  const renderer = new CardedRenderer({ 2: [LESS_FRAGILE, FRAGILE], 4: [FRAGILE, FRAGILE] });
  const tiles = await tilesOf(renderer, await taskOf());
  expect(tiles).toMatchObject([
    { channel: 2, seed: 7, redrawn: true, quality: LESS_FRAGILE, image: fakeImage(2, 7) },
    { channel: 4, seed: 7, redrawn: true, quality: FRAGILE },
  ]);
  expect(renderer.calls).toHaveLength(2);
});

test("noise and a grey look are no reason to draw again", async () => {
  const grey: QualityCard = { ...GOOD_CARD, marks: ["washed out", "noisy"] };
  const renderer = new CardedRenderer({ 2: [grey] });
  const tiles = await tilesOf(renderer, await taskOf());
  expect(renderer.calls).toHaveLength(1);
  expect(tiles).toMatchObject([{ channel: 2, redrawn: false, quality: grey }, { channel: 4 }]);
});

test("an ascent from a photograph is not drawn again", async () => {
  const renderer = new CardedRenderer({ 2: [FRAGILE] });
  const initialImage = { width: 20, height: 16, data: new Uint8Array(3 * 20 * 16) };
  const tiles = await tilesOf(renderer, { ...(await taskOf()), initialImage });
  expect(tiles).toMatchObject([{ channel: 2, redrawn: false, quality: FRAGILE }, { channel: 4 }]);
});

test("a channel that fails is told once, and has no figures", async () => {
  const renderer = new CardedRenderer({}, { unrenderable: [2] });
  const [failed, ...others] = await tilesOf(renderer, await taskOf());
  expect(failed).toEqual({ kind: "failed", channel: 2, reason: "channel 2 has no gradient" });
  expect(others).toHaveLength(1);
});

test("a worker that is stopped between two drawings leaves the first; the next draws the second alone", async () => {
  const pipeline = await memoryPipeline();
  const { jobId } = await pipeline.accept({ channels: [2, 4], seed: 7 });
  const job = pipeline.jobs.open(jobId);
  const cards = { 2: [FRAGILE, LESS_FRAGILE] };
  const stop = new AbortController();
  let drawings = 0;
  const stopped = new CardedRenderer(cards, {
    beforeChannel: () => {
      // the third drawing is the second of channel 2
      if (++drawings === 3) stop.abort(new Error("the worker is stopped"));
    },
  });
  const messages = deliveries(pipeline.cpu);
  const deps = (renderer: FakeRenderer) => pipeline.renderDeps(renderer);
  await renderMessages(messages, deps(stopped), { signal: stop.signal });
  expect(drawings).toBe(3);
  expect(await job.findResult(2)).toBeNull();
  expect(await job.result(4)).toMatchObject({ state: "ok", seed: 7, quality: { redrawn: false } });

  const again = new CardedRenderer(cards);
  await renderMessages(messages, deps(again));
  expect(again.tasks.map(({ channels, request }) => [channels, request.seed])).toEqual([
    [[2], 1007],
  ]);
  expect(await job.result(2)).toMatchObject({ seed: 1007, quality: { redrawn: true } });
});

test("a second drawing that had no turn before the stop stands where it was resumed", async () => {
  const task = await taskOf();
  const stop = new AbortController();
  const cards = { 2: [FRAGILE] };
  const renderer = new CardedRenderer(cards, {
    beforeChannel: () => stop.abort(new Error("the worker is stopped")),
  });
  const drawn = await new FakeRenderer().render({ ...task, channels: [2] });
  const first = drawn[0] as RenderedImage;
  const state = ascentState(2, { done: 3 });
  const stood: unknown[] = [];
  const rendering = renderTiles(renderer, task, {
    signal: stop.signal,
    resume: new Map([[2, { first, states: [state] }]]),
    onTile: () => Promise.resolve(),
    onStopped: async (progress) => void stood.push(...progress),
  });
  await expect(rendering).rejects.toThrow("the worker is stopped");
  // the first drawing of channel 4 was stopped; nothing of channel 2 is lost
  expect(renderer.calls).toEqual([[4]]);
  expect(stood).toEqual([[2, { first, states: [state] }]]);
});
