import { expect } from "vitest";

import { decodeModel } from "../../lib/onnx/decode.ts";
import { encodeModel } from "../../lib/onnx/encode.ts";
import type { Graph } from "../../lib/onnx/model.ts";
import { writeModel } from "./onnx-writer.ts";
import { runModel, type Tensors } from "./operator-oracle.ts";

/**
 * The same elements in the shapes of the graph's inputs: an image of three axes becomes one of
 * four.
 */
function asDeclared({ inputs }: Graph, feeds: Tensors): Tensors {
  const ranks = new Map(inputs.map(({ name, shape }) => [name, shape?.length]));
  return Object.fromEntries(
    Object.entries(feeds).map(([name, tensor]) => {
      const [n = 1, ...places] = tensor.shape;
      const isSpread = tensor.shape.length === 3 && ranks.get(name) === 4;
      return [name, isSpread ? { ...tensor, shape: [n, 1, ...places] } : tensor];
    }),
  );
}

/** float32 rounding of a handful of operations. */
const TOLERANCE = 1e-5;

/**
 * Asserts that a model of an older or newer opset computes in ONNX Runtime what our opset-18 form
 * of it does.
 *
 * @returns The operators of our form, in order.
 */
export async function checkUpgrade(
  graph: Graph,
  opset: number,
  feeds: Tensors,
  rewrite: (graph: Graph) => Graph = (given) => given,
): Promise<readonly string[]> {
  const original = writeModel(graph, opset);
  const { graph: upgraded } = decodeModel(original);
  await expectSame(rewrite(upgraded), await runModel(original, feeds), feeds);
  return upgraded.nodes.map(({ op }) => op);
}

/** As `checkUpgrade`, for a model that ONNX Runtime does not take: what it computes is given. */
export async function checkUpgradeTo(
  wanted: Tensors,
  graph: Graph,
  opset: number,
  feeds: Tensors,
): Promise<readonly string[]> {
  const { graph: upgraded } = decodeModel(writeModel(graph, opset));
  await expectSame(upgraded, wanted, feeds);
  return upgraded.nodes.map(({ op }) => op);
}

async function expectSame(upgraded: Graph, wanted: Tensors, feeds: Tensors): Promise<void> {
  const given = await runModel(encodeModel(upgraded), asDeclared(upgraded, feeds));
  expect(Object.keys(given)).toEqual(Object.keys(wanted));
  for (const [name, tensor] of Object.entries(wanted)) {
    const other = given[name]!;
    if (tensor.type === "opaque" || other.type === "opaque") throw new Error(`'${name}' is opaque`);
    const furthest = Array.from<number | bigint, number>(tensor.data, Number).reduce(
      (far, x, i) => Math.max(far, Math.abs(x - Number(other.data[i]))),
      0,
    );
    const isClose = furthest < TOLERANCE;
    expect({ name, shape: other.shape, furthest, isClose }).toMatchObject({
      shape: tensor.shape,
      isClose: true,
    });
  }
}
