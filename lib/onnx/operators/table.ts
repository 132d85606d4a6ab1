import { arithmetics } from "./arithmetic.ts";
import { cast, castLike } from "./cast.ts";
import { concat } from "./concat.ts";
import { convTranspose } from "./conv-transpose.ts";
import { conv } from "./conv.ts";
import { depthToSpace, spaceToDepth } from "./depth-to-space.ts";
import { einsum } from "./einsum.ts";
import { elementwise } from "./elementwise.ts";
import { gather, gatherElements, gatherND } from "./gather.ts";
import { gelu } from "./gelu.ts";
import { groupNormalization } from "./group-normalization.ts";
import { logic } from "./logic.ts";
import { gemm, matMul } from "./matrix.ts";
import { normalisations } from "./normalisation.ts";
import type { Operator } from "./operator.ts";
import { pad } from "./pad.ts";
import { pools } from "./pool.ts";
import { reductions } from "./reduce.ts";
import { expand, tile } from "./repeat.ts";
import { reshapes } from "./reshape.ts";
import { resize } from "./resize.ts";
import { scatter, scatterBefore11 } from "./scatter.ts";
import { slice } from "./slice.ts";
import { softmaxes } from "./softmax.ts";
import { sources } from "./source.ts";
import { split } from "./split.ts";
import { transpose } from "./transpose.ts";
import { upsample } from "./upsample.ts";

/** Every operator we know, by its ONNX name. */
export const OPERATORS: ReadonlyMap<string, Operator> = new Map(
  Object.entries({
    ...arithmetics,
    ...elementwise,
    ...logic,
    ...normalisations,
    ...pools,
    ...reductions,
    ...reshapes,
    ...softmaxes,
    ...sources,
    Cast: cast,
    CastLike: castLike,
    Concat: concat,
    Conv: conv,
    ConvTranspose: convTranspose,
    DepthToSpace: depthToSpace,
    Einsum: einsum,
    Expand: expand,
    Gather: gather,
    GatherElements: gatherElements,
    GatherND: gatherND,
    Gelu: gelu,
    Gemm: gemm,
    GroupNormalization: groupNormalization,
    MatMul: matMul,
    Pad: pad,
    Resize: resize,
    Scatter: scatterBefore11,
    ScatterElements: scatter,
    ScatterND: scatter,
    Slice: slice,
    SpaceToDepth: spaceToDepth,
    Split: split,
    Tile: tile,
    Transpose: transpose,
    Upsample: upsample,
  }),
);
