import { expect } from "vitest";

import { decodeModel } from "../../lib/onnx/decode.ts";
import { encodeModel } from "../../lib/onnx/encode.ts";
import { specialise } from "../../lib/onnx/static-graph.ts";
import type { FloatTensor } from "../../lib/onnx/tensor.ts";
import { runModel } from "./operator-oracle.ts";
import { largestDifference } from "./vectors.ts";

/** What nodes are to be written as others in, and how one finds that they are. */
export interface WrittenOut {
  /** [N, C, H, W], the files' input `image`. */
  readonly image: FloatTensor;
  /** Operators of which nothing may be left. */
  readonly gone: RegExp;
}

/** Furthest apart of a file in ONNX Runtime and what we make of it, or of another. */
export async function furthestApart(
  { image, gone }: WrittenOut,
  file: Uint8Array,
  other = file,
): Promise<number> {
  const wanted = await runModel(file, { image });
  const [n = 1, c = 1, h = 1, w = 1] = image.shape;
  const { graph } = specialise(decodeModel(other), [n, c, h, w]);
  expect(graph.nodes.filter(({ op }) => gone.test(op))).toEqual([]);
  const own = await runModel(encodeModel(graph), { image });
  expect(Object.keys(own)).toEqual(Object.keys(wanted));
  return Math.max(
    ...Object.entries(wanted).map(([name, tensor]) => largestDifference(own[name], tensor)),
  );
}
