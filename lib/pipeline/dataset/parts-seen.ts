import type { Size } from "../../image/raster.ts";
import type { AxisField } from "../../networks/axis-field.ts";
import type { Layer, LayerWithChannels } from "../../networks/layers.ts";
import type { AnalysedNetwork } from "../networks/analyse-network.ts";
import { gridOf, mapOnImage, type TokenGrid, tokenGrids } from "../explain/token-grid.ts";
import type { Part, SeenPart } from "./channel-examples.ts";

const WHOLE: Part = { x: 0, y: 0, width: 1, height: 1 };

/**
 * Which parts of an image stand behind the places of layers' maps.
 *
 * @returns what says so of a layer and one of its places, counted row by row from 0; `null` where
 *   the layer's places do not lie on the image, as those of classes
 */
export function partsSeen({
  model,
  layers,
}: AnalysedNetwork): (layer: LayerWithChannels, place: number) => SeenPart | null {
  const grids = tokenGrids(layers, model.inputSize);
  const tokens = new Set(layers.map(tokensOf));
  return (layer, place) => {
    const ofMap = seenOnMap(layer, place, model.inputSize);
    if (ofMap !== null) return ofMap;
    const ofShape = mapGrid(layer, model.inputSize);
    const isSquare = ofShape !== null && ofShape.rows === ofShape.columns;
    // as many down and across as there are tokens: what each makes of each
    if (layer.parts > 1 || (isSquare && tokens.has(ofShape.rows))) return null;
    const grid = ofShape ?? gridOf(layer, grids);
    const patch = place - (grid?.first ?? 0);
    if (grid === null || patch < 0 || patch >= grid.rows * grid.columns) return null;
    // attention looks everywhere
    return { place: cell(patch, grid), field: WHOLE };
  };
}

/** T of a layer of tokens [N, T, C]. */
const tokensOf = ({ shape, channelAxis }: Layer) =>
  shape?.length === 3 ? shape[3 - channelAxis] : undefined;

type Grid = Pick<TokenGrid, "rows" | "columns" | "first">;

/** Of a map that has lost its way from the image, but is shaped as that is. */
function mapGrid(layer: LayerWithChannels, image: Size): Grid | null {
  const [rows, columns] = mapOnImage(image, layer, 1) ?? [];
  if (rows === undefined || columns === undefined || isMoved(layer)) return null;
  return { rows, columns, first: 0 };
}

/** Whether its places are others' at other places, as where windows of tokens are rolled. */
function isMoved({ type, node, shape, channelAxis }: LayerWithChannels): boolean {
  const isJoined = node?.inputs.some(({ shape: from }) =>
    from?.some((length, axis) => axis !== channelAxis && length !== shape?.[axis]),
  );
  return type === "Slice" || type === "Pad" || (type === "Concat" && isJoined === true);
}

function cell(place: number, { rows, columns }: Grid): Part {
  const [row, column] = [Math.floor(place / columns), place % columns];
  return { x: column / columns, y: row / rows, width: 1 / columns, height: 1 / rows };
}

/** `null` unless it is a map [N, C, rows, columns] of the image, in whatever order of axes. */
function seenOnMap(
  { shape, channelAxis, parts, receptiveField }: LayerWithChannels,
  place: number,
  { width, height }: Size,
): SeenPart | null {
  if (shape === null || parts > 1) return null;
  const axes = [...shape.keys()].filter((axis) => axis !== 0 && axis !== channelAxis);
  const [down, across] = axes.map((axis) => ({
    field: receptiveField[axis] ?? null,
    length: shape[axis]!,
  }));
  if (axes.length !== 2 || !down || !across || !(down.field || across.field)) return null;
  const [row, column] = [Math.floor(place / across.length), place % across.length];
  const y = seenAlong(down, "rows", { at: row, pixels: height });
  const x = seenAlong(across, "columns", { at: column, pixels: width });
  return x && y && { place: partOf(x.place, y.place), field: partOf(x.field, y.field) };
}

interface MapAxis {
  readonly field: AxisField | null;
  readonly length: number;
}

/** At a position of an axis; a single one lies all along, as that of a line of text. */
function seenAlong(
  { field, length }: MapAxis,
  imageAxis: AxisField["imageAxis"],
  { at, pixels }: { readonly at: number; readonly pixels: number },
): { readonly place: Range; readonly field: Range } | null {
  if (field === null) return length === 1 ? { place: ALL, field: ALL } : null;
  const { start, stride, size, isEverywhere } = field;
  if (field.imageAxis !== imageAxis) return null;
  const first = start + at * stride;
  const middle = first + (size - stride) / 2;
  return {
    place: withinImage(middle, stride, pixels),
    field: isEverywhere ? ALL : withinImage(first, size, pixels),
  };
}

type Range = readonly [start: number, length: number];

const ALL: Range = [0, 1];

/** The part of a range that lies within an image, in shares of it. */
function withinImage(start: number, length: number, pixels: number): Range {
  const first = Math.min(Math.max(start, 0), pixels);
  const end = Math.min(Math.max(start + length, 0), pixels);
  return [first / pixels, (end - first) / pixels];
}

const partOf = ([x, width]: Range, [y, height]: Range): Part => ({ x, y, width, height });
