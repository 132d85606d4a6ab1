import type { AxisScale, Resizing } from "../onnx/operators/resample.ts";
import { type AxisWindow, span } from "../onnx/operators/window.ts";

/**
 * What the positions along an axis look at, in pixels of the image along one of its own: position p
 * at `size` of them, from `start` + p `stride` on. What of it lies in the padding is nothing.
 */
export interface AxisField {
  readonly imageAxis: "rows" | "columns";
  readonly stride: number;
  readonly start: number;
  readonly size: number;
  /**
   * Whether they look at the rest of the image too, as through attention that is added; the numbers
   * are those of the other ways, which say where each position lies.
   */
  readonly isEverywhere: boolean;
}

/** Of the image itself. */
export const fieldOfPixels = (imageAxis: AxisField["imageAxis"]): AxisField => ({
  imageAxis,
  stride: 1,
  start: 0,
  size: 1,
  isEverywhere: false,
});

/** So many positions further on. */
export function moved(field: AxisField, positions: number): AxisField {
  return { ...field, start: field.start + positions * field.stride };
}

/**
 * What either of two looks at, over a number of positions; `null` where they lie along different
 * axes of the image. The place is where the narrower one has it, should their strides differ.
 */
export function union(one: AxisField, other: AxisField, positions: number): AxisField | null {
  if (one.imageAxis !== other.imageAxis) return null;
  const [a, b] = one.size <= other.size ? [one, other] : [other, one];
  // from the first position to the last
  const drift = (positions - 1) * (b.stride - a.stride);
  const start = Math.min(a.start, b.start + Math.min(drift, 0));
  const end = Math.max(a.start + a.size, b.start + b.size + Math.max(drift, 0));
  return { ...a, start, size: end - start, isEverywhere: a.isEverywhere || b.isEverywhere };
}

/** Through a window that slides along. */
export function slid(field: AxisField, window: AxisWindow): AxisField {
  return {
    ...moved(field, -window.padBegin),
    stride: field.stride * window.stride,
    size: field.size + (span(window) - 1) * field.stride,
  };
}

/**
 * Through its transpose: position p is made of those from (p + padBegin - reach) / stride to
 * (p + padBegin) / stride.
 */
export function slidBack(field: AxisField, window: AxisWindow): AxisField {
  const reach = span(window) - 1;
  return {
    ...moved(field, (window.padBegin - reach) / window.stride),
    stride: field.stride / window.stride,
    size: field.size + (reach / window.stride) * field.stride,
  };
}

/** By a Resize; `null` for coordinates that are not known. */
export function resized(field: AxisField, scaled: AxisScale, resizing: Resizing): AxisField | null {
  if (scaled.scale === 1) return field;
  const coordinates = COORDINATES.get(resizing.coordinateTransformation)?.(scaled);
  if (coordinates === undefined) return null;
  const [first, step] = coordinates;
  const [before, behind] = readAround(resizing, scaled);
  return {
    ...moved(field, first - before),
    stride: field.stride * step,
    size: field.size + (before + behind) * field.stride,
  };
}

type Coordinates = (scaled: AxisScale) => readonly [first: number, step: number];

const halfPixel: Coordinates = ({ scale }) => [0.5 / scale - 0.5, 1 / scale];

/** Where the first position of a Resize lies among those of its input, and each next one. */
const COORDINATES: ReadonlyMap<string, Coordinates> = new Map<string, Coordinates>([
  ["half_pixel", halfPixel],
  ["pytorch_half_pixel", halfPixel],
  ["asymmetric", ({ scale }) => [0, 1 / scale]],
  ["align_corners", ({ input, output }) => [0, (input - 1) / Math.max(output - 1, 1)]],
]);

/** How far from there it reads at most, but where it repeats the pixel at a border. */
function readAround(
  { mode, nearestMode, antialias }: Resizing,
  { scale }: AxisScale,
): readonly [before: number, behind: number] {
  if (mode === "nearest") {
    if (nearestMode === "floor") return [1, 0];
    return nearestMode === "ceil" ? [0, 1] : [0.5, 0.5];
  }
  const reach = (mode === "cubic" ? 2 : 1) / (antialias ? Math.min(scale, 1) : 1);
  return [reach, reach];
}
