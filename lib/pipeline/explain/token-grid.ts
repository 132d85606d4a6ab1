import type { Size } from "../../image/raster.ts";
import {
  extentsOf,
  hasChannels,
  type Layer,
  type LayerWithChannels,
} from "../../networks/layers.ts";
import type { Attribution } from "../../optvis/quality/attribution.ts";

/** Where tokens lie on an image: in rows and columns of patches, behind others that are no patch. */
export interface TokenGrid {
  readonly rows: number;
  readonly columns: number;
  /** Tokens before the first patch. */
  readonly first: number;
  /** All tokens, those behind the last patch too. */
  readonly tokens: number;
}

/**
 * The grids that a network's tokens [N, T, C] may lie on, by T: those of its maps [N, C, rows,
 * columns], those that divide the image evenly, and each of them with the tokens that a Concat puts
 * before or behind it, as class and register tokens.
 */
export function tokenGrids(layers: readonly Layer[], image: Size): ReadonlyMap<number, TokenGrid> {
  const grids = new Map<number, TokenGrid>();
  const add = (rows: number, columns: number) => {
    grids.set(rows * columns, { rows, columns, first: 0, tokens: rows * columns });
  };
  for (let patch = Math.min(image.height, image.width); patch > 1; patch--) {
    const isEven = image.height % patch === 0 && image.width % patch === 0;
    if (isEven) add(image.height / patch, image.width / patch);
  }
  for (const layer of layers.filter(hasChannels)) {
    const size = mapOnImage(image, layer, 1);
    if (size !== null) add(...size);
    const joined = layer.type === "Concat" ? joinedGrid(layer, grids) : null;
    if (joined !== null && !grids.has(joined.tokens)) grids.set(joined.tokens, joined);
  }
  return grids;
}

/** Few beside the patches: what has as many may be anything. */
const MOST_SPECIAL = 1 / 4;

/** That of a Concat along the tokens, of which one part lies on a grid. */
function joinedGrid(
  { node, shape, channelAxis }: LayerWithChannels,
  grids: ReadonlyMap<number, TokenGrid>,
): TokenGrid | null {
  const axis = 3 - channelAxis;
  const tokens = shape?.length === 3 ? shape[axis] : undefined;
  const lengths = node?.inputs.map((input) => input.shape?.[axis] ?? 0) ?? [];
  if (tokens === undefined || lengths.reduce((sum, length) => sum + length, 0) !== tokens) {
    return null;
  }
  const isGrid = (length: number, i: number) =>
    node!.inputs[i]!.layer !== null && grids.has(length);
  const patches = Math.max(...lengths.filter(isGrid));
  const grid = grids.get(patches);
  if (grid === undefined) return null;
  const { rows, columns, first } = grid;
  if (tokens - rows * columns > MOST_SPECIAL * rows * columns) return null;
  const before = lengths.slice(0, lengths.indexOf(patches));
  return { rows, columns, first: before.reduce((sum, length) => sum + length, first), tokens };
}

/** The grid that a layer's tokens lie on; `null` where it has none, as a map. */
export function gridOf(
  { shape, channelAxis }: Layer,
  grids: ReadonlyMap<number, TokenGrid>,
): TokenGrid | null {
  if (shape?.length !== 3) return null;
  const grid = grids.get(shape[3 - channelAxis]!);
  return grid !== undefined && grid.rows * grid.columns > 1 ? grid : null;
}

/**
 * [rows, columns] of a layer whose channels are maps that lie on an image; `null` of any other.
 *
 * @param least pixels of the image to a place, along each side
 */
export function mapOnImage(
  image: Size,
  layer: LayerWithChannels,
  least: number,
): readonly [rows: number, columns: number] | null {
  const [rows, columns, ...more] = extentsOf(layer) ?? [];
  if (rows === undefined || columns === undefined || more.length > 0) return null;
  const isShapedAlike = Math.abs(rows - (columns * image.height) / image.width) < 1;
  const isMap = isShapedAlike && rows * columns > 1 && rows * least <= image.height;
  return isMap ? [rows, columns] : null;
}

/** An attribution whose places are places of the image. */
export interface LaidAttribution extends Attribution {
  /**
   * Contribution of each token that is no patch, as the class token, all channels together; what
   * they and the places contribute is all.
   */
  readonly specialTokens: Float64Array;
}

/** Those of a layer's places that are patches; without a grid all of them. */
export function patchesOf<Places extends Float32Array | Float64Array>(
  places: Places,
  grid: TokenGrid | null,
): Places {
  if (grid === null) return places;
  const { first, rows, columns } = grid;
  return places.subarray(first, first + rows * columns) as Places;
}

/** Lays tokens on the image; without a grid the places stay as they are. */
export function laidOnGrid(attribution: Attribution, grid: TokenGrid | null): LaidAttribution {
  if (grid === null) return { ...attribution, specialTokens: new Float64Array() };
  const { rows, columns, first } = grid;
  const { places, channels } = attribution;
  const special = [...places.subarray(0, first), ...places.subarray(first + rows * columns)];
  return {
    ...attribution,
    mapSize: [rows, columns],
    places: patchesOf(places, grid),
    specialTokens: Float64Array.from(special),
    channels: channels.map((each) => ({ ...each, places: patchesOf(each.places, grid) })),
  };
}

/** Of the sizes of all shares: rounding in float32 leaves as much of a sum of 0. */
const ROUNDING = 1e-4;

/**
 * Why the places of an attribution say nothing, each for all channels together; `null` where they
 * do.
 *
 * - `unread`: nothing leads from them to the score, from special tokens alone
 * - `cancelling`: the shares of each add up to 0, as a normalisation that follows takes no notice of
 *   how large its channels are together
 */
export function mutePlaces({ places, channels }: Attribution): "unread" | "cancelling" | null {
  const size = (values: Float64Array) => values.reduce((sum, value) => sum + Math.abs(value), 0);
  const all = channels.reduce((sum, channel) => sum + size(channel.places), 0);
  if (all === 0) return "unread";
  return size(places) < ROUNDING * all ? "cancelling" : null;
}

/**
 * Whether the shares of all channels add up to 0, as where a normalisation that follows takes no
 * notice of how large they are together.
 */
export function cancelTogether({ channels }: Attribution): boolean {
  const shares = channels.map(({ contribution }) => contribution);
  const sum = shares.reduce((all, share) => all + share, 0);
  return Math.abs(sum) < ROUNDING * shares.reduce((all, share) => all + Math.abs(share), 0);
}
