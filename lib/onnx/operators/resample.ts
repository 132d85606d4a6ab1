import { MAX_RANK } from "../budgets.ts";
import type { Attributes, Node, Value } from "../model.ts";
import {
  floatAttribute,
  floatsAttribute,
  intAttribute,
  intsAttribute,
  mismatch,
  nodeError,
  requiredInput,
  stringAttribute,
} from "../node.ts";
import { floatTensor, formatShape, sizeOf, toNumbers } from "../tensor.ts";
import { normaliseAxis } from "./axes.ts";
import { affineGridToOpset18 } from "./affine-grid.ts";
import { convolvedByOffsets, deformConvShape } from "./deform-conv.ts";
import { gridSampleShape, sampledByGrid } from "./grid-sample.ts";
import { constantInts, constantNumbers, input, type Inputs, ofInputType } from "./inputs.ts";
import type { Operator, Operators } from "./operator.ts";
import { notInOpset18, type Rewriting, type Upgrade } from "./upgrade.ts";

/** Resampling along one axis. */
export interface AxisScale {
  /** Pixels of the input and of the output. */
  readonly input: number;
  readonly output: number;
  /** Output pixels per input pixel, float32: as stated, or else output / input. */
  readonly scale: number;
}

/** A Resize node at the size of its input. */
export interface Resizing {
  /** "nearest", "linear" or "cubic". */
  readonly mode: string;
  readonly coordinateTransformation: string;
  /** Which way "nearest" rounds. */
  readonly nearestMode: string;
  readonly cubicCoefficient: number;
  readonly antialias: boolean;
  readonly excludeOutside: boolean;
  /** One for every axis of the input. */
  readonly axes: readonly AxisScale[];
}

/**
 * X, roi, scales or sizes -> Y. Sizes as given (fitted to one scale if keep_aspect_ratio_policy
 * says so), or floor(length * scale) computed in float32, as ONNX Runtime does.
 *
 * Source: ONNX operator Resize-18.
 *
 * @throws ShapeMismatchError if scales or sizes are not one for each axis resized.
 */
export function parseResize(node: Node, inputs: Inputs): Resizing {
  return {
    mode: stringAttribute(node, "mode", "nearest"),
    coordinateTransformation: stringAttribute(node, "coordinate_transformation_mode", "half_pixel"),
    nearestMode: stringAttribute(node, "nearest_mode", "round_prefer_floor"),
    cubicCoefficient: floatAttribute(node, "cubic_coeff_a", -0.75),
    antialias: intAttribute(node, "antialias", 0) !== 0,
    excludeOutside: intAttribute(node, "exclude_outside", 0) !== 0,
    axes: axisScales(node, inputs),
  };
}

function axisScales(node: Node, inputs: Inputs): readonly AxisScale[] {
  const { shape } = input(node, inputs, 0);
  const given = intsAttribute(node, "axes", [...shape.keys()]);
  const axes = given.map((axis) => normaliseAxis(node, axis, shape.length));
  const scales =
    sizeOf(inputs[2]?.shape ?? []) > MAX_RANK ? [] : (constantNumbers(node, inputs, 2) ?? []);
  const sizes = constantInts(node, inputs, 3) ?? [];
  const wanted = scales.length > 0 ? scales : sizes;
  if (wanted.length !== axes.length) {
    throw mismatch(node, `scales or sizes ${formatShape(wanted)} do not fit ${formatShape(shape)}`);
  }
  const lengths = axes.map((axis) => shape[axis]!);
  const ratio = scales.length > 0 ? null : commonRatio(node, lengths, sizes);
  const resized = shape.map((length): AxisScale => ({ input: length, output: length, scale: 1 }));
  axes.forEach((axis, i) => {
    const length = lengths[i]!;
    // a length that was rounded to keep the aspect is not what its pixels' places follow from
    const scale = Math.fround(scales[i] ?? ratio ?? sizes[i]! / length);
    const size = ratio === null ? sizes[i]! : Math.round(length * ratio);
    const output = scales.length > 0 ? Math.floor(Math.fround(length * scale)) : size;
    resized[axis] = { input: length, output, scale };
  });
  return resized;
}

/** The one scale of all axes that keeps the aspect; `null` where each has its own. */
function commonRatio(node: Node, lengths: readonly number[], sizes: readonly number[]) {
  const policy = stringAttribute(node, "keep_aspect_ratio_policy", "stretch");
  if (policy === "stretch") return null;
  const ratios = lengths.map((length, i) => sizes[i]! / length);
  return policy === "not_larger" ? Math.min(...ratios) : Math.max(...ratios);
}

const resizeToOpset18: Upgrade = (node, rewriting) => {
  if (rewriting.opset < 11) return [asResize(node, rewriting, requiredInput(node, 1))];
  const coordinates = coordinatesInOpset18(node, rewriting);
  // at 11 and 12 an input that does not count had to be an empty tensor
  const inputs = node.inputs.map((value) => {
    const tensor = value ? rewriting.constantOf(value) : null;
    return tensor && sizeOf(tensor.shape) === 0 ? "" : value;
  });
  return [{ ...node, inputs, attributes: { ...node.attributes, ...coordinates } }];
};

/** The attributes to change for the modes of coordinates that opset 18 does not have. */
function coordinatesInOpset18(node: Node, { constantOf }: Rewriting): Attributes {
  const coordinates = stringAttribute(node, "coordinate_transformation_mode", "half_pixel");
  const halfPixel = { coordinate_transformation_mode: "half_pixel" };
  // gone with opset 13: floor((x + 1/2) / scale) is half_pixel's coordinate rounded, halves up
  if (coordinates === "tf_half_pixel_for_nn") {
    const isFloored = stringAttribute(node, "nearest_mode", "round_prefer_floor") === "floor";
    if (isFloored && stringAttribute(node, "mode", "nearest") === "nearest") {
      return { ...halfPixel, nearest_mode: "round_prefer_ceil" };
    }
    throw notInOpset18(node, `coordinate_transformation_mode '${coordinates}'`);
  }
  // came with 19, and differs from half_pixel only where length * scale is no whole number
  if (coordinates === "half_pixel_symmetric") {
    const scales = node.inputs[2] ? constantOf(node.inputs[2]) : null;
    const stated = scales?.type === "float32" ? scales.data : [];
    const isWhole = stated.length > 0 && stated.every(Number.isInteger);
    const isToSizes = stringAttribute(node, "keep_aspect_ratio_policy", "stretch") === "stretch";
    if (isWhole || (node.inputs[3] && isToSizes)) return halfPixel;
    throw notInOpset18(node, `coordinate_transformation_mode '${coordinates}' by a fraction`);
  }
  return {};
}

const resize: Operator = {
  infer: ofInputType((node, inputs) => parseResize(node, inputs).axes.map(({ output }) => output)),
  upgrade: resizeToOpset18,
};

/**
 * Upsample (one scale for each of two axes at 1, scales an attribute at 7, an input at 9; gone at
 * 10) is what became Resize.
 */
const upsample: Upgrade = (node, rewriting) => {
  const sides = ["height_scale", "width_scale"];
  const isOfSides = sides.every((name) => name in node.attributes);
  if (!isOfSides && !("scales" in node.attributes)) {
    return [asResize(node, rewriting, requiredInput(node, 1))];
  }
  const floats = isOfSides
    ? [1, 1, ...sides.map((name) => floatAttribute(node, name))]
    : floatsAttribute(node, "scales");
  const scales = floatTensor([floats.length], floats);
  const hint = `${node.outputs[0]}_scales`;
  return [asResize(node, rewriting, rewriting.constant(scales, hint))];
};

/**
 * Upsample and Resize-10 take the pixel at floor(x / scale) when they enlarge, at its ceiling when
 * they shrink, which Upsample never does. Computed scales are ratios of lengths: those of lengths
 * that stand in tell which. Source: ONNX Runtime, `ResizeNearestMode::SIMPLE`.
 */
function asResize(node: Node, { factsOf }: Rewriting, scales: Value): Node {
  const constant = factsOf(scales)?.constant;
  const isReadable = constant && constant.type !== "opaque" && sizeOf(constant.shape) <= MAX_RANK;
  const known = isReadable ? toNumbers(constant) : null;
  const shrinks = known?.some((scale) => scale < 1) ?? false;
  const enlarges = known?.some((scale) => scale > 1) ?? false;
  const mode = stringAttribute(node, "mode", "nearest");
  const isKnown = known !== null || node.op === "Upsample";
  if (mode === "nearest" && (!isKnown || (shrinks && enlarges))) {
    throw nodeError(
      node,
      "scales must be known, and all enlarge or all shrink; " +
        "export the model with opset 11 or later",
    );
  }
  return {
    ...node,
    op: "Resize",
    inputs: [requiredInput(node, 0), "", scales],
    attributes: {
      mode: mode === "bilinear" ? "linear" : mode,
      coordinate_transformation_mode: "asymmetric",
      nearest_mode: shrinks ? "ceil" : "floor",
    },
  };
}

/** Operators that read the input at other places than its pixels. */
export const resamplings: Operators = {
  Resize: resize,
  Upsample: { upgrade: upsample },
  GridSample: { infer: gridSampleShape, unroll: sampledByGrid },
  DeformConv: { infer: deformConvShape, unroll: convolvedByOffsets },
  AffineGrid: { upgrade: affineGridToOpset18 },
  // PyTorch's name for it before opset 16
  "com.microsoft.GridSample": { upgrade: (node) => [{ ...node, domain: "" }] },
};
