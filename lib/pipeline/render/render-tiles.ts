import type { AscentHooks } from "../../optvis/ascent/hooks.ts";
import type { FailedChannel } from "../../optvis/ascent/task.ts";
import { deservesAnotherSeed, isBetter, type QualityCard } from "../../optvis/quality/card.ts";
import { laterSeed } from "../../optvis/random.ts";
import { planeKind } from "../../optvis/graph/layer-pass.ts";
import { soleChannel, targetUnits } from "../request/target-units.ts";
import { OutOfTimeError } from "../../optvis/ascent/interruption.ts";
import type { TileProgress } from "./checkpoint.ts";
import { examinationTask } from "./examination-task.ts";
import type {
  RenderedChannel,
  RenderedImage,
  Renderer,
  RenderHooks,
  RenderTask,
} from "./renderer.ts";
import { type Animation, AscentFrames } from "./ascent-frames.ts";
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
  const { targets } = task.request;
  const { resume = new Map<number, TileProgress>() } = hooks;
  const units = targets && targetUnits(targets);
  const firsts = await firstDrawings(renderer, task, resume);
  // those of the first drawing say nothing of the second
  const statesOf = (channels: readonly number[], drawing: "first" | "second") =>
    channels.flatMap((channel) => {
      const { first = null, states = [] } = resume.get(channel) ?? {};
      return (first === null) === (drawing === "first") ? states : [];
    });
  const ended = new Set<number>();
  const standing = new Map<number, TileProgress>();
  const end = async (tile: ExaminedTile | FailedChannel) => {
    ended.add(tile.channel);
    await hooks.onTile(tile);
  };
  const draw = async (
    drawing: "first" | "second",
    part: RenderTask,
    onTile: (tile: ExaminedTile | FailedChannel) => Promise<void>,
  ) => {
    const onStopped: AscentHooks["onStopped"] = async (stopped) => {
      for (const [channel, states] of stopped) standing.set(channel, { first: null, states });
    };
    const { signal, hasTime, onBegin, onProgress, onNotice } = hooks;
    const own = { signal, hasTime, onBegin, onProgress, onNotice, onStopped };
    const states = statesOf(part.channels, drawing);
    if (part.channels.length > 0) {
      await drawTiles(renderer, part, { ...own, resume: states }, onTile);
    }
  };
  try {
    const undrawn = task.channels.filter((channel) => !firsts.has(channel));
    await draw("first", { ...task, channels: undrawn }, async (tile) => {
      const isPoor =
        tile.kind === "tile" &&
        deservesAnotherSeed(tile.quality) &&
        // images that differ from each other are drawn together
        (units?.[tile.channel - 1]?.images ?? 1) === 1;
      if (!isPoor || task.initialImage !== null) return end(tile);
      firsts.set(tile.channel, tile);
    });
    const request = { ...task.request, seed: laterSeed(task.request.seed, NEXT_SEED) };
    await draw("second", { ...task, channels: [...firsts.keys()], request }, (second) =>
      end(betterOf(firsts.get(second.channel)!, second)),
    );
  } catch (error) {
    if (hooks.signal?.aborted || error instanceof OutOfTimeError) {
      for (const [channel, tile] of firsts) {
        if (ended.has(channel)) continue;
        // one whose second drawing this call had no turn for stands where it was resumed
        const states = standing.get(channel)?.states ?? statesOf([channel], "second");
        standing.set(channel, { first: renderedOf(tile), states });
      }
      await hooks.onStopped?.(standing);
    }
    throw error;
  }
}

/** Of the channels whose first drawing an earlier rendering has ended, its tile. */
async function firstDrawings(
  renderer: Renderer,
  task: RenderTask,
  resume: ReadonlyMap<number, TileProgress>,
): Promise<Map<number, ExaminedTile>> {
  const firsts = new Map<number, ExaminedTile>();
  for (const [channel, { first }] of resume) {
    if (first === null) continue;
    const tile = await makeTile(first, task.request, planeKind(task.network.model.planes));
    // what it looked like on its way went with the rendering that was stopped
    const none = new AscentFrames();
    if (tile.kind === "tile") firsts.set(channel, await examined(renderer, task, tile, none));
  }
  return firsts;
}

function renderedOf(tile: ExaminedTile): RenderedImage {
  const { channel, image, trace, seconds, restarts, provider, seed } = tile;
  return { kind: "image", channel, image, trace, seconds, restarts, provider, seed };
}

function betterOf(first: ExaminedTile, second: ExaminedTile | FailedChannel): ExaminedTile {
  if (second.kind === "failed") return { ...first, redrawn: true };
  const kept = isBetter(second.quality, first.quality) ? second : first;
  return { ...kept, seconds: first.seconds + second.seconds, redrawn: true };
}

async function drawTiles(
  renderer: Renderer,
  task: RenderTask,
  hooks: Omit<RenderHooks, "onChannel">,
  onTile: (tile: ExaminedTile | FailedChannel) => Promise<void>,
): Promise<void> {
  const frames = new AscentFrames();
  const seen = new Set<number>();
  const onChannel = async (rendered: RenderedChannel) => {
    if (seen.has(rendered.channel)) return;
    seen.add(rendered.channel);
    const tile = await makeTile(rendered, task.request, planeKind(task.network.model.planes));
    if (tile.kind === "tile") return onTile(await examined(renderer, task, tile, frames));
    frames.forget(tile.channel);
    await onTile(tile);
  };
  const looking = task.request.animation !== undefined && { frames };
  const results = await renderer.render(task, { ...hooks, ...looking, onChannel });
  // a renderer need not call the hook
  for (const rendered of results) await onChannel(rendered);
}

/** The tile with its card and its animation. */
async function examined(
  renderer: Renderer,
  task: RenderTask,
  tile: Tile,
  frames: AscentFrames,
): Promise<ExaminedTile> {
  const { targets } = task.request;
  const channel = targets
    ? soleChannel(targetUnits(targets)[tile.channel - 1]!.target)
    : tile.channel;
  const quality = await renderer.examine(examinationTask(task), channel, tile.picture);
  return { ...tile, animation: await animated(tile, task, frames), quality, redrawn: false };
}

async function animated(
  { channel, image, byteOf }: Tile,
  { network, request }: RenderTask,
  frames: AscentFrames,
): Promise<Animation | null> {
  const { animation: format } = request;
  if (format === undefined) return null;
  const kind = planeKind(network.model.planes);
  return frames.animation(channel, image, { byteOf, kind, format });
}
