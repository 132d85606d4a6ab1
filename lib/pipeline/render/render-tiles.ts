import type { AscentHooks } from "../../optvis/ascent/hooks.ts";
import type { FailedChannel } from "../../optvis/ascent/task.ts";
import { deservesAnotherSeed, isBetter, type QualityCard } from "../../optvis/quality/card.ts";
import { planeKind } from "../../optvis/graph/layer-pass.ts";
import { asSize } from "../request/complete-request.ts";
import { soleChannel, targetUnits } from "../request/target-units.ts";
import type { RenderedChannel, Renderer, RenderTask } from "./renderer.ts";
import { makeTile, type Tile } from "./tile.ts";

/** Added to the seed of a picture that is drawn once more. */
const NEXT_SEED = 1000;

/** A tile with its figures. */
export interface ExaminedTile extends Tile {
  readonly quality: QualityCard;
  /** Whether it is the better of two, drawn from two seeds; `seed` is its own. */
  readonly redrawn: boolean;
}

export interface TileHooks extends Pick<
  AscentHooks,
  "signal" | "onBegin" | "onProgress" | "onNotice"
> {
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
  const units = targets && targetUnits(targets);
  const firsts = new Map<number, ExaminedTile>();
  await drawTiles(renderer, task, hooks, async (tile) => {
    const isPoor =
      tile.kind === "tile" &&
      deservesAnotherSeed(tile.quality) &&
      // images that differ from each other are drawn together
      (units?.[tile.channel - 1]?.images ?? 1) === 1;
    if (!isPoor || task.initialImage !== null) return hooks.onTile(tile);
    firsts.set(tile.channel, tile);
  });
  if (firsts.size === 0) return;
  const request = { ...task.request, seed: task.request.seed + NEXT_SEED };
  const again = { ...task, channels: [...firsts.keys()], request };
  await drawTiles(renderer, again, hooks, (second) =>
    hooks.onTile(betterOf(firsts.get(second.channel)!, second)),
  );
}

function betterOf(first: ExaminedTile, second: ExaminedTile | FailedChannel): ExaminedTile {
  if (second.kind === "failed") return { ...first, redrawn: true };
  const kept = isBetter(second.quality, first.quality) ? second : first;
  return { ...kept, seconds: first.seconds + second.seconds, redrawn: true };
}

async function drawTiles(
  renderer: Renderer,
  task: RenderTask,
  { signal, onBegin, onProgress, onNotice }: TileHooks,
  onTile: (tile: ExaminedTile | FailedChannel) => Promise<void>,
): Promise<void> {
  const { network, provider, request } = task;
  // as the ascent's network saw it: a fourier canvas at the size of its crops
  const size = request.method === "fourier" ? asSize(request.cropSize) : network.model.inputSize;
  const { layer, channelAxis } = request;
  const view = { network, provider, layer, channelAxis, size };
  const { targets } = request;
  const units = targets && targetUnits(targets);
  const channelOf = (number: number) => (units ? soleChannel(units[number - 1]!.target) : number);
  const seen = new Set<number>();
  const onChannel = async (rendered: RenderedChannel) => {
    if (seen.has(rendered.channel)) return;
    seen.add(rendered.channel);
    const tile = await makeTile(rendered, request, planeKind(network.model.planes));
    if (tile.kind === "failed") return onTile(tile);
    const quality = await renderer.examine(view, channelOf(tile.channel), tile.picture);
    await onTile({ ...tile, quality, redrawn: false });
  };
  const results = await renderer.render(task, { signal, onBegin, onProgress, onNotice, onChannel });
  // a renderer need not call the hook
  for (const rendered of results) await onChannel(rendered);
}
