import type { DerivedTensors } from "../../onnx/derived-tensors.ts";
import type { GraphBuilder } from "../../onnx/graph-builder.ts";
import { float, type Value } from "../../onnx/model.ts";
import { addedUp } from "../shaping.ts";
import { ChannelRuns } from "./channel-runs.ts";
import { runSums } from "./channel-sum.ts";
import { compare } from "./comparison.ts";
import { flippedConv } from "./flipped-conv.ts";
import type { ConvAdjoint, Forms, MaxPooling, Pooled } from "./forms.ts";
import { phasedConv } from "./phased-conv.ts";
import { scatteredMaxPool } from "./pool/scattered.ts";
import { isSeparable, type Phases, separableMaxPool } from "./pool/separable.ts";
import { subPixelConv } from "./sub-pixel-conv.ts";
import { convTranspose } from "./transposed-conv.ts";

/** Large enough to saturate every normal float32 above zero, small enough to be one itself. */
const STEEP = float(1e38);

/** A sub-pixel convolution reaches twice the speed of a ConvTranspose, or more. */
const MOST_SUB_PIXEL_WORK = 3;

/**
 * With so few channels a convolution and its ConvTranspose have next to nothing to multiply. Their
 * time goes into copying windows and into adding up overlaps: the latter takes up to six times as
 * long as a sub-pixel convolution. With many, columns by phase take up to four times as long.
 */
const FEW_CHANNELS = 4;

/**
 * Whether ONNX Runtime has its blocked layout (NCHWc) on this machine's processor. Its builds for
 * ARM do not: there a depthwise convolution is a product of matrices for each channel by itself.
 */
const hasBlockedLayout = () => process.arch === "x64" || process.arch === "ia32";

/**
 * Forms for ONNX Runtime's CPU provider, whose fast operators are those that run in its blocked
 * layout, and whose slow ones are Pow, Where and MaxPool with Indices. Where it has no such layout,
 * slices take the place of one-hot convolutions, and a strided convolution's gradient is one
 * product of matrices: GoogLeNet's passes then take 7 to 21 % less.
 */
export function cpuForms(graph: GraphBuilder, derived: DerivedTensors): Forms {
  const isBlocked = hasBlockedLayout();
  // one pass, twice as fast as comparing and casting
  const isPositive = (x: Value) => graph.emit("HardSigmoid", [x], { alpha: STEEP, beta: float(0) });
  /** Gradients that pools wove from phases: a strided convolution before reads these themselves. */
  const phasesOf = new Map<Value, () => Phases>();
  const subPixel = (dY: Value, convolution: ConvAdjoint) => {
    const woven = isBlocked ? phasesOf.get(dY)?.() : undefined;
    const phases = woven ?? (graph.shapeOf(dY)[1]! <= FEW_CHANNELS ? [[dY]] : null);
    return phases && subPixelConv(graph, phases, convolution, MOST_SUB_PIXEL_WORK);
  };
  // MaxPool with Indices costs eight times a plain MaxPool here
  const maxPool = (x: Value, pool: MaxPooling): Pooled => {
    if (!isSeparable(pool)) return scatteredMaxPool(graph, x, pool);
    const isRectified = pool.isRectified && isBlocked;
    const { y, pullback } = separableMaxPool(graph, x, { ...pool, isRectified });
    return {
      y,
      pullback: (dY) => {
        const { dX, phases } = pullback(dY);
        if (phases) phasesOf.set(dX, phases);
        return dX;
      },
    };
  };
  const runs = new ChannelRuns(graph);
  return {
    isPositive,
    isGreater: (a, b) => isPositive(graph.emit("Sub", [a, b])),
    isEqual: (a, b) => compare(graph, "Equal", a, b),
    // pairs of Add stay in the blocked layout, a Sum of many does not
    sum: (parts) => addedUp(graph, parts),
    conv: (inputs, convolution) =>
      convolution.outputShape[1]! <= FEW_CHANNELS ? phasedConv(graph, inputs, convolution) : null,
    convAdjoint: (dY, convolution) =>
      flippedConv({ graph, derived }, dY, convolution) ??
      subPixel(dY, convolution) ??
      convTranspose(graph, dY, convolution),
    channelRuns: (value, reach) => runs.split(value, reach),
    channelRunsLike: (value, others) => runs.splitLike(value, others),
    joined: (parts) => runs.join(parts),
    windowSum: (parts, window) => runSums(graph, parts, window),
    maxPool: (x, pool) => {
      const parts = runs.partsOf(x);
      if (!parts) return maxPool(x, pool);
      const pooled = parts.map((part) => maxPool(part, pool));
      const pullback = (dY: Value) => {
        const dYs = runs.splitLike(dY, parts);
        return runs.join(pooled.map((part, i) => part.pullback(dYs[i]!)));
      };
      return { y: runs.join(pooled.map(({ y }) => y)), pullback };
    },
  };
}
