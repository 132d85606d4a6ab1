import { expect, test } from "vitest";

import type { FailedChannel } from "../../../lib/optvis/ascent/task.ts";
import type { QualityCard } from "../../../lib/optvis/quality/card.ts";
import { OutOfTimeError } from "../../../lib/optvis/ascent/interruption.ts";
import {
  decodeCheckpoint,
  encodeCheckpoint,
  type TileProgress,
} from "../../../lib/pipeline/render/checkpoint.ts";
import {
  type ExaminedTile,
  renderTiles,
  type TileHooks,
} from "../../../lib/pipeline/render/render-tiles.ts";
import { MAX_SEED } from "../../../lib/pipeline/limits.ts";
import type {
  RenderedChannel,
  RenderedImage,
  RenderHooks,
  RenderTask,
} from "../../../lib/pipeline/render/renderer.ts";
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

/** At its n-th call it has begun its channels, and has no time for more. */
class HurriedRenderer extends CardedRenderer {
  readonly resumed: unknown[] = [];
  readonly #call: number;

  constructor(cards: Readonly<Record<number, QualityCard[]>>, call: number) {
    super(cards);
    this.#call = call;
  }

  override async render(task: RenderTask, hooks: RenderHooks = {}) {
    this.resumed.push(hooks.resume);
    const rendered = await super.render(this.#isLast() ? { ...task, channels: [] } : task, hooks);
    if (this.calls.length < this.#call || hooks.hasTime?.(1) !== false) return rendered;
    const begun = task.channels.map((channel) => [channel, [begunState(channel)]] as const);
    await hooks.onStopped?.(new Map(begun));
    throw new OutOfTimeError();
  }

  #isLast(): boolean {
    return this.calls.length + 1 === this.#call;
  }
}
const begunState = (channel: number) => ascentState(channel, { done: 10 + channel });

/** Of images that have an SVG document each. */
const paintedTask = () => taskOf({ method: "fourier", ellipses: 3 });

/** What a stopped rendering leaves of each channel, as it is read again. */
async function leftBy(
  renderer: FakeRenderer,
  error: string,
  hooks: Pick<TileHooks, "signal" | "resume"> = {},
): Promise<unknown[]> {
  const left: unknown[] = [];
  const rendering = renderTiles(renderer, await paintedTask(), {
    ...hooks,
    hasTime: () => false,
    onTile: () => Promise.resolve(),
    onStopped: async (progress) => {
      for (const [channel, of] of progress) {
        const { first, states } = decodeCheckpoint(encodeCheckpoint({ part: 0, ...of }))!;
        left.push([channel, { first, states }]);
      }
    },
  });
  await expect(rendering).rejects.toThrow(error);
  return left;
}

const drawnFirst = async (channel: number) => {
  const task = { ...(await paintedTask()), channels: [channel] };
  const [drawn] = await new FakeRenderer().render(task);
  expect(drawn).toHaveProperty("svg");
  return drawn as RenderedImage;
};

test("out of time, what has come of each drawing is left, and goes on with that drawing alone", async () => {
  const [earlier, second] = [ascentState(2, { done: 1 }), ascentState(4, { done: 2 })];
  const first = await drawnFirst(4);
  const resume = new Map<number, TileProgress>([
    [2, { first: null, states: [earlier] }],
    [4, { first, states: [second] }],
  ]);
  const atFirst = new HurriedRenderer({ 4: [FRAGILE] }, 1);
  expect(await leftBy(atFirst, "no time left", { resume })).toEqual([
    [2, { first: null, states: [begunState(2)] }],
    [4, { first, states: [second] }],
  ]);
  expect(atFirst.resumed).toEqual([[earlier]]);

  const atSecond = new HurriedRenderer({ 2: [FRAGILE], 4: [FRAGILE] }, 2);
  expect(await leftBy(atSecond, "no time left", { resume })).toEqual([
    [4, { first, states: [begunState(4)] }],
    [2, { first: await drawnFirst(2), states: [begunState(2)] }],
  ]);
  expect(atSecond.resumed).toEqual([[earlier], [second]]);
});

test("of a channel that has ended nothing is left, and of none where the work fails", async () => {
  const cards = { 2: [FRAGILE, FRAGILE], 4: [FRAGILE] };
  const stop = new AbortController();
  let drawings = 0;
  const stopped = new CardedRenderer(cards, {
    // the fourth drawing is the second of channel 4
    beforeChannel: () => void (++drawings === 4 && stop.abort(new Error("stopped"))),
  });
  const left = await leftBy(stopped, "stopped", { signal: stop.signal });
  expect(left).toEqual([[4, { first: await drawnFirst(4), states: [] }]]);
  const failing = new CardedRenderer(cards, { throwing: [4] });
  expect(await leftBy(failing, "lost channel 4")).toEqual([]);
});

test("a picture whose second drawing fails is kept, and marked", async () => {
  class OnceRenderer extends CardedRenderer {
    // it does without the hook, as a renderer may
    override async render(task: RenderTask): Promise<readonly RenderedChannel[]> {
      const drawn = await super.render(task);
      const reason = "it has no gradient";
      return task.request.seed === 7 ? drawn : [{ kind: "failed", channel: 2, reason }];
    }
  }
  const tiles = await tilesOf(new OnceRenderer({ 2: [FRAGILE] }), await taskOf());
  expect(tiles).toMatchObject([
    { channel: 4, redrawn: false },
    { channel: 2, redrawn: true, seed: 7, quality: FRAGILE, image: fakeImage(2, 7) },
  ]);
});
