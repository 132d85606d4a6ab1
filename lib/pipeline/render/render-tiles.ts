import type { AscentHooks } from "../../optvis/ascent/hooks.ts";
import type { AscentState } from "../../optvis/ascent/state.ts";
import type { FailedChannel } from "../../optvis/ascent/task.ts";
import { deservesAnotherSeed, isBetter, type QualityCard } from "../../optvis/quality/card.ts";
import { laterSeed } from "../../optvis/random.ts";
import { planeKind } from "../../optvis/graph/layer-pass.ts";
import { soleChannel, targetUnits } from "../request/target-units.ts";
import { OutOfTimeError } from "../../optvis/ascent/interruption.ts";
import type { TileProgress } from "./checkpoint.ts";
import type { RenderedChannel, RenderedImage, Renderer, RenderTask } from "./renderer.ts";
import { type Animation, AscentFrames } from "./ascent-frames.ts";
import { examinationTask } from "./ascent-task.ts";
import { makeTile, type Tile } from "./tile.ts";

/** Added to the seed of a picture that is drawn once more. */
const NEXT_SEED = 1000;

/** A tile with its figures. */
export interface ExaminedTile extends Tile {
  /** How it came about; `null` where the request does not want it. */
  readonly animation: Animation | null;
  readonly quality: QualityCard;
  /** Whether it is the better of two, drawn from two seeds; `seed` is its own. */
  readonly redrawn: boolean;
}

export interface TileHooks extends Pick<
  AscentHooks,
  "signal" | "hasTime" | "onBegin" | "onProgress" | "onNotice"
> {
  /** How far earlier renderings came with some of the channels. */
  readonly resume?: ReadonlyMap<number, TileProgress>;
  /** Told how far channels have come, before a rendering rejects that was stopped. */
  readonly onStopped?: (progress: ReadonlyMap<number, TileProgress>) => Promise<void>;
  /** As each channel ends, once for each; awaited. */
  readonly onTile: (tile: ExaminedTile | FailedChannel) => Promise<void>;
}

/**
 * Renders a task's tiles and examines each. One that is blank or fragile is drawn once more from
 * another seed, after the others, and the better one kept. Not so where the ascent begins with a
 * photograph, which no seed changes.
 *
 * @throws as `Renderer.render`
 */
export async function renderTiles(
  renderer: Renderer,
  task: RenderTask,
  hooks: TileHooks,
): Promise<void> {
  await new TileDrawings(renderer, task, hooks).run();
}

/** The drawings of a task's tiles: the first of each, and the second of those that are poor. */
class TileDrawings {
  readonly #renderer: Renderer;
  readonly #task: RenderTask;
  readonly #hooks: TileHooks;
  /** By channel, the first drawing of those that are drawn twice. */
  readonly #firsts = new Map<number, ExaminedTile>();
  readonly #ended = new Set<number>();
  /** How far channels had come when the renderer was stopped. */
  readonly #standing = new Map<number, TileProgress>();

  constructor(renderer: Renderer, task: RenderTask, hooks: TileHooks) {
    this.#renderer = renderer;
    this.#task = task;
    this.#hooks = hooks;
  }

  async run(): Promise<void> {
    await this.#takeUpFirst();
    try {
      await this.#drawFirst();
      await this.#drawSecond();
    } catch (error) {
      if (this.#hooks.signal?.aborted || error instanceof OutOfTimeError) await this.#tellStopped();
      throw error;
    }
  }

  /** Of the channels whose first drawing an earlier rendering has ended, its tile. */
  async #takeUpFirst(): Promise<void> {
    for (const [channel, { first }] of this.#hooks.resume ?? []) {
      const tile = first && (await this.#tileOf(first));
      // what it looked like on its way went with the rendering that was stopped
      const none = new AscentFrames();
      if (tile?.kind === "tile") this.#firsts.set(channel, await this.#examined(tile, none));
    }
  }

  async #drawFirst(): Promise<void> {
    const channels = this.#task.channels.filter((channel) => !this.#firsts.has(channel));
    await this.#draw("first", { ...this.#task, channels }, async (tile) => {
      if (tile.kind === "tile" && this.#isDrawnAgain(tile)) this.#firsts.set(tile.channel, tile);
      else await this.#end(tile);
    });
  }

  async #drawSecond(): Promise<void> {
    const { request } = this.#task;
    const again = { ...request, seed: laterSeed(request.seed, NEXT_SEED) };
    const part = { ...this.#task, channels: [...this.#firsts.keys()], request: again };
    await this.#draw("second", part, (second) =>
      this.#end(betterOf(this.#firsts.get(second.channel)!, second)),
    );
  }

  #isDrawnAgain({ quality, channel }: ExaminedTile): boolean {
    const { request, initialImage } = this.#task;
    if (initialImage !== null || !deservesAnotherSeed(quality)) return false;
    // images that differ from each other are drawn together
    const unit = request.targets && targetUnits(request.targets)[channel - 1];
    return (unit?.images ?? 1) === 1;
  }

  async #draw(
    drawing: "first" | "second",
    part: RenderTask,
    onTile: (tile: ExaminedTile | FailedChannel) => Promise<void>,
  ): Promise<void> {
    if (part.channels.length === 0) return;
    const { signal, hasTime, onBegin, onProgress, onNotice } = this.#hooks;
    const onStopped: AscentHooks["onStopped"] = async (stopped) => {
      for (const [channel, states] of stopped) this.#standing.set(channel, { first: null, states });
    };
    const resume = part.channels.flatMap((channel) => this.#statesOf(channel, drawing));
    const frames = new AscentFrames();
    const seen = new Set<number>();
    const onChannel = async (rendered: RenderedChannel) => {
      if (seen.has(rendered.channel)) return;
      seen.add(rendered.channel);
      const tile = await this.#tileOf(rendered);
      if (tile.kind === "tile") return onTile(await this.#examined(tile, frames));
      frames.forget(tile.channel);
      await onTile(tile);
    };
    const looking = part.request.animation !== undefined && { frames };
    const told = { signal, hasTime, onBegin, onProgress, onNotice, onStopped, onChannel };
    const results = await this.#renderer.render(part, { ...told, ...looking, resume });
    // a renderer need not call the hook
    for (const rendered of results) await onChannel(rendered);
  }

  #tileOf(rendered: RenderedChannel): Promise<Tile | FailedChannel> {
    const { request, network } = this.#task;
    return makeTile(rendered, request, planeKind(network.model.planes));
  }

  /** The tile with its card and its animation. */
  async #examined(tile: Tile, frames: AscentFrames): Promise<ExaminedTile> {
    const { request, network } = this.#task;
    const { targets, animation: format } = request;
    const channel = targets
      ? soleChannel(targetUnits(targets)[tile.channel - 1]!.target)
      : tile.channel;
    const looking = examinationTask(this.#task);
    const quality = await this.#renderer.examine(looking, channel, tile.picture);
    const { image, byteOf } = tile;
    const shown = { byteOf, kind: planeKind(network.model.planes) };
    const animation = format
      ? await frames.animation(tile.channel, image, { ...shown, format })
      : null;
    return { ...tile, animation, quality, redrawn: false };
  }

  /** How far an earlier rendering came with a drawing; it left states of one of the two alone. */
  #statesOf(channel: number, drawing: "first" | "second"): readonly AscentState[] {
    const { first = null, states = [] } = this.#hooks.resume?.get(channel) ?? {};
    return (first === null) === (drawing === "first") ? states : [];
  }

  async #end(tile: ExaminedTile | FailedChannel): Promise<void> {
    this.#ended.add(tile.channel);
    await this.#hooks.onTile(tile);
  }

  async #tellStopped(): Promise<void> {
    for (const [channel, tile] of this.#firsts) {
      if (this.#ended.has(channel)) continue;
      // one whose second drawing this call had no turn for stands where it was resumed
      const states = this.#standing.get(channel)?.states ?? this.#statesOf(channel, "second");
      this.#standing.set(channel, { first: renderedOf(tile), states });
    }
    await this.#hooks.onStopped?.(this.#standing);
  }
}

function renderedOf(tile: ExaminedTile): RenderedImage {
  const { channel, image, svg, trace, seconds, restarts, provider, seed } = tile;
  return { kind: "image", channel, image, svg, trace, seconds, restarts, provider, seed };
}

function betterOf(first: ExaminedTile, second: ExaminedTile | FailedChannel): ExaminedTile {
  if (second.kind === "failed") return { ...first, redrawn: true };
  const kept = isBetter(second.quality, first.quality) ? second : first;
  return { ...kept, seconds: first.seconds + second.seconds, redrawn: true };
}
