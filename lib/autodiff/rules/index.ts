import type { Rule } from "../rule.ts";
import { absRule } from "./abs.ts";
import { addRule } from "./add.ts";
import { averagePoolRule } from "./average-pool.ts";
import { batchNormalizationRule } from "./batch-normalization.ts";
import { castRule } from "./cast.ts";
import { celuRule } from "./celu.ts";
import { clipRule } from "./clip.ts";
import { concatRule } from "./concat.ts";
import { convRule } from "./conv.ts";
import { convTransposeRule } from "./conv-transpose.ts";
import { cosRule } from "./cos.ts";
import { depthToSpaceRule } from "./depth-to-space.ts";
import { divRule } from "./div.ts";
import { dropoutRule } from "./dropout.ts";
import { einsumRule } from "./einsum.ts";
import { eluRule } from "./elu.ts";
import { erfRule } from "./erf.ts";
import { expRule } from "./exp.ts";
import { expandRule } from "./expand.ts";
import { flattenRule } from "./flatten.ts";
import { gatherRule } from "./gather.ts";
import { gemmRule } from "./gemm.ts";
import { globalAveragePoolRule } from "./global-average-pool.ts";
import { globalMaxPoolRule } from "./global-max-pool.ts";
import { hardSigmoidRule } from "./hard-sigmoid.ts";
import { hardSwishRule } from "./hard-swish.ts";
import { identityRule } from "./identity.ts";
import { instanceNormalizationRule } from "./instance-normalization.ts";
import { layerNormalizationRule } from "./layer-normalization.ts";
import { leakyReluRule } from "./leaky-relu.ts";
import { logRule } from "./log.ts";
import { logSoftmaxRule } from "./log-softmax.ts";
import { lrnRule } from "./lrn.ts";
import { matMulRule } from "./mat-mul.ts";
import { maxRule } from "./max.ts";
import { maxPoolRule } from "./max-pool.ts";
import { meanRule } from "./mean.ts";
import { minRule } from "./min.ts";
import { mishRule } from "./mish.ts";
import { mulRule } from "./mul.ts";
import { negRule } from "./neg.ts";
import { pReluRule } from "./p-relu.ts";
import { padRule } from "./pad.ts";
import { powRule } from "./pow.ts";
import { reciprocalRule } from "./reciprocal.ts";
import { reduceExtremumRule } from "./reduce-extremum.ts";
import { reduceL1Rule } from "./reduce-l1.ts";
import { reduceL2Rule } from "./reduce-l2.ts";
import { reduceLogSumExpRule } from "./reduce-log-sum-exp.ts";
import { reduceMeanRule } from "./reduce-mean.ts";
import { reduceSumRule } from "./reduce-sum.ts";
import { reduceSumSquareRule } from "./reduce-sum-square.ts";
import { reluRule } from "./relu.ts";
import { reshapeRule } from "./reshape.ts";
import { resizeRule } from "./resize.ts";
import { seluRule } from "./selu.ts";
import { sigmoidRule } from "./sigmoid.ts";
import { sinRule } from "./sin.ts";
import { sliceRule } from "./slice.ts";
import { softmaxRule } from "./softmax.ts";
import { softplusRule } from "./softplus.ts";
import { softsignRule } from "./softsign.ts";
import { spaceToDepthRule } from "./space-to-depth.ts";
import { splitRule } from "./split.ts";
import { sqrtRule } from "./sqrt.ts";
import { squeezeRule } from "./squeeze.ts";
import { subRule } from "./sub.ts";
import { sumRule } from "./sum.ts";
import { tanhRule } from "./tanh.ts";
import { thresholdedReluRule } from "./thresholded-relu.ts";
import { tileRule } from "./tile.ts";
import { transposeRule } from "./transpose.ts";
import { unsqueezeRule } from "./unsqueeze.ts";
import { whereRule } from "./where.ts";

/** The gradient rule of each operator, by its ONNX name. */
export const RULES: Readonly<Record<string, Rule>> = {
  Abs: absRule,
  Add: addRule,
  AveragePool: averagePoolRule,
  BatchNormalization: batchNormalizationRule,
  Cast: castRule,
  Celu: celuRule,
  Clip: clipRule,
  Concat: concatRule,
  Conv: convRule,
  ConvTranspose: convTransposeRule,
  Cos: cosRule,
  DepthToSpace: depthToSpaceRule,
  Div: divRule,
  Dropout: dropoutRule,
  Einsum: einsumRule,
  Elu: eluRule,
  Erf: erfRule,
  Exp: expRule,
  Expand: expandRule,
  Flatten: flattenRule,
  Gather: gatherRule,
  Gemm: gemmRule,
  GlobalAveragePool: globalAveragePoolRule,
  GlobalMaxPool: globalMaxPoolRule,
  HardSigmoid: hardSigmoidRule,
  HardSwish: hardSwishRule,
  Identity: identityRule,
  InstanceNormalization: instanceNormalizationRule,
  LRN: lrnRule,
  LayerNormalization: layerNormalizationRule,
  LeakyRelu: leakyReluRule,
  Log: logRule,
  LogSoftmax: logSoftmaxRule,
  MatMul: matMulRule,
  Max: maxRule,
  MaxPool: maxPoolRule,
  Mean: meanRule,
  Min: minRule,
  Mish: mishRule,
  Mul: mulRule,
  Neg: negRule,
  PRelu: pReluRule,
  Pad: padRule,
  Pow: powRule,
  Reciprocal: reciprocalRule,
  ReduceL1: reduceL1Rule,
  ReduceL2: reduceL2Rule,
  ReduceLogSumExp: reduceLogSumExpRule,
  ReduceMax: reduceExtremumRule,
  ReduceMean: reduceMeanRule,
  ReduceMin: reduceExtremumRule,
  ReduceSum: reduceSumRule,
  ReduceSumSquare: reduceSumSquareRule,
  Relu: reluRule,
  Reshape: reshapeRule,
  Resize: resizeRule,
  Selu: seluRule,
  Sigmoid: sigmoidRule,
  Sin: sinRule,
  Slice: sliceRule,
  Softmax: softmaxRule,
  Softplus: softplusRule,
  Softsign: softsignRule,
  SpaceToDepth: spaceToDepthRule,
  Split: splitRule,
  Sqrt: sqrtRule,
  Squeeze: squeezeRule,
  Sub: subRule,
  Sum: sumRule,
  Tanh: tanhRule,
  ThresholdedRelu: thresholdedReluRule,
  Tile: tileRule,
  Transpose: transposeRule,
  Unsqueeze: unsqueezeRule,
  Where: whereRule,
};

/**
 * Operators whose derivative is zero wherever it exists: values computed by them do not depend
 * differentiably on the image. That they have no rule is a decision; any other operator without one
 * is an error.
 */
export const NON_DIFFERENTIABLE: ReadonlySet<string> = new Set([
  "And",
  "ArgMax",
  "ArgMin",
  "Ceil",
  "Constant",
  "ConstantOfShape",
  "Equal",
  "EyeLike",
  "Floor",
  "Greater",
  "GreaterOrEqual",
  "IsInf",
  "IsNaN",
  "Less",
  "LessOrEqual",
  "NonZero",
  "Not",
  "OneHot",
  "Or",
  "Range",
  "RandomNormalLike",
  "RandomUniformLike",
  "Round",
  "Shape",
  "Sign",
  "Size",
  "Xor",
]);
