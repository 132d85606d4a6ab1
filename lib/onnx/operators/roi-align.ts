import { MAX_MADE_ELEMENTS, requireWithin } from "../budgets.ts";
import type { Node } from "../model.ts";
import {
  floatAttribute,
  intAttribute,
  mismatch,
  nodeError,
  requiredInput,
  stringAttribute,
} from "../node.ts";
import { type FloatTensor, floatTensor, formatShape } from "../tensor.ts";
import { constantNumbers, input, type Inputs, ofInputType } from "./inputs.ts";
import type { Unroll } from "./operator.ts";
import { type Upgrade, withDefaults } from "./upgrade.ts";

/** Regions [count, 4] of X [N, C, H, W], and how many rows and columns are read of each. */
function parse(node: Node, inputs: Inputs) {
  const [x, regions] = [0, 1].map((index) => input(node, inputs, index).shape);
  if (x!.length !== 4 || regions!.length !== 2 || regions![1] !== 4) {
    throw mismatch(node, `regions ${formatShape(regions!)} of ${formatShape(x!)}`);
  }
  const rows = intAttribute(node, "output_height", 1);
  const columns = intAttribute(node, "output_width", 1);
  if (rows < 1 || columns < 1) throw mismatch(node, `${rows} rows of ${columns} columns`);
  return { x: x as readonly [number, number, number, number], count: regions![0]!, rows, columns };
}

/** Regions along one axis. */
interface Extents {
  /** From where to where each is, in pixels of X. */
  readonly regions: readonly (readonly [from: number, to: number])[];
  readonly bins: number;
  readonly pixels: number;
}

/** Along one axis of all regions. */
const MAX_SAMPLES = 2 ** 22;

/** How much of each pixel is in each bin of each region: [count, bins, pixels]. */
function sharesOf(node: Node, { regions, bins, pixels }: Extents): FloatTensor {
  const mode = stringAttribute(node, "coordinate_transformation_mode", "half_pixel");
  const isHalf = mode === "half_pixel";
  const stated = intAttribute(node, "sampling_ratio", 0);
  const shares = new Float32Array(regions.length * bins * pixels);
  regions.forEach(([from, to], region) => {
    const bin = (isHalf ? to - from : Math.max(to - from, 1)) / bins;
    const samples = stated > 0 ? stated : Math.ceil(bin);
    const all = regions.length * bins * samples;
    requireWithin(node, all, "samples", MAX_SAMPLES);
    for (let i = 0; i < bins * samples; i++) {
      const at = from - (isHalf ? 0.5 : 0) + ((i + 0.5) * bin) / samples;
      if (at < -1 || at > pixels) continue;
      const place = Math.min(Math.max(at, 0), pixels - 1);
      const low = Math.floor(place);
      const row = (region * bins + Math.floor(i / samples)) * pixels;
      shares[row + low]! += (low + 1 - place) / samples;
      if (place > low) shares[row + low + 1]! += (place - low) / samples;
    }
  });
  return floatTensor([regions.length, bins, pixels], shares);
}

/** Y [count, C, rows, columns]. */
export const roiShape = ofInputType((node, inputs) => {
  const { x, count, rows, columns } = parse(node, inputs);
  return [count, x[1], rows, columns];
});

/**
 * Means of samples between the pixels: of rows, then of columns, two products with matrices that
 * follow from the regions. Each image of a batch is read in the regions that the file has for its
 * one image.
 */
export const readInRegions: Unroll = (node, inputs, emitter) => {
  const { x, count, rows, columns } = parse(node, inputs);
  const [images, channels, height, width] = x;
  if (stringAttribute(node, "mode", "avg") !== "avg") {
    throw nodeError(node, "mode 'max' is not supported; choose a layer before it");
  }
  if (constantNumbers(node, inputs, 2)?.some((image) => image !== 0)) {
    throw nodeError(node, "regions of several images; choose a layer before it");
  }
  const made = count * (rows * height + columns * width);
  requireWithin(node, made, "weights of regions", MAX_MADE_ELEMENTS);
  const scale = floatAttribute(node, "spatial_scale", 1);
  const regions = constantNumbers(node, inputs, 1)!.map((edge) => edge * scale);
  const matrix = (first: number, bins: number, pixels: number) => {
    const along = Array.from({ length: count }, (_, i) => {
      return [regions[4 * i + first]!, regions[4 * i + first + 2]!] as const;
    });
    return emitter.constant(sharesOf(node, { regions: along, bins, pixels }));
  };
  const factors = [requiredInput(node, 0), matrix(1, rows, height), matrix(0, columns, width)];
  const read = emitter.emit("Einsum", factors, { equation: "nchw,rph,rqw->nrcpq" });
  emitter.end("Reshape", [read, emitter.ints(images * count, channels, rows, columns)]);
};

/** The other mode came with opset 16, and is the default since. */
export const pixelsAtCorners: Upgrade = (node, { opset }) => {
  if (opset >= 16) return [node];
  return [withDefaults(node, { coordinate_transformation_mode: "output_half_pixel" })];
};
