import { operatorsNamed } from "../../onnx/node.ts";
import type { VjpRule } from "../rule.ts";
import { absVjp } from "./abs.ts";
import { averagePoolVjp } from "./average-pool.ts";
import { batchNormalizationVjp } from "./batch-normalization.ts";
import { castVjp } from "./cast.ts";
import { celuVjp } from "./celu.ts";
import { clipVjp } from "./clip.ts";
import { concatVjp } from "./concat.ts";
import { convVjp } from "./conv.ts";
import { convTransposeVjp } from "./conv-transpose.ts";
import { depthToSpaceVjp } from "./depth-to-space.ts";
import { cumSumVjp } from "./cum-sum.ts";
import { divVjp } from "./div.ts";
import { dropoutVjp } from "./dropout.ts";
import { einsumVjp } from "./einsum.ts";
import { eluVjp } from "./elu.ts";
import { erfVjp } from "./erf.ts";
import { expVjp } from "./exp.ts";
import { expandVjp } from "./expand.ts";
import { extremumVjp } from "./extremum.ts";
import { gatherVjp } from "./gather.ts";
import { gatherNdVjp } from "./gather-nd.ts";
import { gemmVjp } from "./gemm.ts";
import { hardSigmoidVjp } from "./hard-sigmoid.ts";
import { hardSwishVjp } from "./hard-swish.ts";
import { identityVjp } from "./identity.ts";
import { instanceNormalizationVjp } from "./instance-normalization.ts";
import { layerNormalizationVjp } from "./layer-normalization.ts";
import { leakyReluVjp } from "./leaky-relu.ts";
import { logVjp } from "./log.ts";
import { logSoftmaxVjp } from "./log-softmax.ts";
import { lrnVjp } from "./lrn.ts";
import { matMulVjp } from "./mat-mul.ts";
import { maxPoolVjp } from "./max-pool.ts";
import { meanVjp } from "./mean.ts";
import { mishVjp } from "./mish.ts";
import { modVjp } from "./mod.ts";
import { mulVjp } from "./mul.ts";
import { negVjp } from "./neg.ts";
import { pReluVjp } from "./p-relu.ts";
import { padVjp } from "./pad.ts";
import { powVjp } from "./pow.ts";
import { reciprocalVjp } from "./reciprocal.ts";
import { reduceExtremumVjp } from "./reduce-extremum.ts";
import { reduceL1Vjp } from "./reduce-l1.ts";
import { reduceL2Vjp } from "./reduce-l2.ts";
import { reduceLogSumExpVjp } from "./reduce-log-sum-exp.ts";
import { reduceMeanVjp } from "./reduce-mean.ts";
import { reduceProdVjp } from "./reduce-prod.ts";
import { reduceSumVjp } from "./reduce-sum.ts";
import { reduceSumSquareVjp } from "./reduce-sum-square.ts";
import { reluVjp } from "./relu.ts";
import { reshapeVjp } from "./reshape.ts";
import { resizeVjp } from "./resize.ts";
import { scatterNdVjp } from "./scatter-nd.ts";
import { seluVjp } from "./selu.ts";
import { shrinkVjp } from "./shrink.ts";
import { sigmoidVjp } from "./sigmoid.ts";
import { sliceVjp } from "./slice.ts";
import { softmaxVjp } from "./softmax.ts";
import { softplusVjp } from "./softplus.ts";
import { softsignVjp } from "./softsign.ts";
import { spaceToDepthVjp } from "./space-to-depth.ts";
import { splitVjp } from "./split.ts";
import { sqrtVjp } from "./sqrt.ts";
import { subVjp } from "./sub.ts";
import { sumVjp } from "./sum.ts";
import { thresholdedReluVjp } from "./thresholded-relu.ts";
import { tileVjp } from "./tile.ts";
import { topKVjp } from "./top-k.ts";
import { transposeVjp } from "./transpose.ts";
import { trigonometricVjp } from "./trigonometric.ts";
import { triluVjp } from "./trilu.ts";
import { whereVjp } from "./where.ts";

/** The gradient rule of each operator, by its ONNX name. */
export const RULES: Readonly<Record<string, VjpRule>> = {
  Abs: absVjp,
  Acos: trigonometricVjp,
  Acosh: trigonometricVjp,
  Add: sumVjp,
  Asin: trigonometricVjp,
  Asinh: trigonometricVjp,
  Atan: trigonometricVjp,
  Atanh: trigonometricVjp,
  AveragePool: averagePoolVjp,
  BatchNormalization: batchNormalizationVjp,
  Cast: castVjp,
  CastLike: castVjp,
  Celu: celuVjp,
  Clip: clipVjp,
  Concat: concatVjp,
  Conv: convVjp,
  ConvTranspose: convTransposeVjp,
  Cos: trigonometricVjp,
  Cosh: trigonometricVjp,
  CumSum: cumSumVjp,
  DepthToSpace: depthToSpaceVjp,
  Div: divVjp,
  Dropout: dropoutVjp,
  Einsum: einsumVjp,
  Elu: eluVjp,
  Erf: erfVjp,
  Exp: expVjp,
  Expand: expandVjp,
  Flatten: reshapeVjp,
  Gather: gatherVjp,
  GatherElements: gatherNdVjp,
  GatherND: gatherNdVjp,
  Gemm: gemmVjp,
  GlobalAveragePool: reduceMeanVjp,
  GlobalMaxPool: reduceExtremumVjp,
  HardSigmoid: hardSigmoidVjp,
  HardSwish: hardSwishVjp,
  Identity: identityVjp,
  InstanceNormalization: instanceNormalizationVjp,
  LRN: lrnVjp,
  LayerNormalization: layerNormalizationVjp,
  LeakyRelu: leakyReluVjp,
  Log: logVjp,
  LogSoftmax: logSoftmaxVjp,
  MatMul: matMulVjp,
  Max: extremumVjp,
  MaxPool: maxPoolVjp,
  Mean: meanVjp,
  Min: extremumVjp,
  Mish: mishVjp,
  Mod: modVjp,
  Mul: mulVjp,
  Neg: negVjp,
  PRelu: pReluVjp,
  Pad: padVjp,
  Pow: powVjp,
  Reciprocal: reciprocalVjp,
  ReduceL1: reduceL1Vjp,
  ReduceL2: reduceL2Vjp,
  ReduceLogSumExp: reduceLogSumExpVjp,
  ReduceMax: reduceExtremumVjp,
  ReduceMean: reduceMeanVjp,
  ReduceMin: reduceExtremumVjp,
  ReduceProd: reduceProdVjp,
  ReduceSum: reduceSumVjp,
  ReduceSumSquare: reduceSumSquareVjp,
  Relu: reluVjp,
  Reshape: reshapeVjp,
  Resize: resizeVjp,
  ScatterElements: scatterNdVjp,
  ScatterND: scatterNdVjp,
  Selu: seluVjp,
  Shrink: shrinkVjp,
  Sigmoid: sigmoidVjp,
  Sin: trigonometricVjp,
  Sinh: trigonometricVjp,
  Slice: sliceVjp,
  Softmax: softmaxVjp,
  Softplus: softplusVjp,
  Softsign: softsignVjp,
  SpaceToDepth: spaceToDepthVjp,
  Split: splitVjp,
  Sqrt: sqrtVjp,
  Squeeze: reshapeVjp,
  Sub: subVjp,
  Sum: sumVjp,
  Tan: trigonometricVjp,
  Tanh: trigonometricVjp,
  ThresholdedRelu: thresholdedReluVjp,
  Tile: tileVjp,
  TopK: topKVjp,
  Transpose: transposeVjp,
  Trilu: triluVjp,
  Unsqueeze: reshapeVjp,
  Where: whereVjp,
};

/**
 * Operators whose derivative is zero wherever it exists: values computed by them do not depend
 * differentiably on the image. That they have no rule is a decision; any other operator without one
 * is an error.
 */
export const NON_DIFFERENTIABLE = operatorsNamed(`
  And ArgMax ArgMin Ceil Constant ConstantOfShape Equal EyeLike Floor Greater GreaterOrEqual
  Hardmax IsInf IsNaN Less LessOrEqual NonZero Not OneHot Or Range Round Shape Sign Size Xor
`);
