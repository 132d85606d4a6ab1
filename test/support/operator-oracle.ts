import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { expect } from "vitest";

import type { ValueFacts } from "../../lib/onnx/facts.ts";
import type { Attributes } from "../../lib/onnx/model.ts";
import { inferNode } from "../../lib/onnx/shape-inference.ts";
import type { Tensor } from "../../lib/onnx/tensor.ts";
import { node, sketch, writeModel } from "./onnx-writer.ts";

/** One operator on tensors; `null` is an optional input left out. */
export interface OperatorCase {
  readonly op: string;
  readonly attributes?: Attributes;
  readonly inputs: readonly (Tensor | null)[];
  /** @default 1 */
  readonly outputCount?: number;
}

export type Tensors = Readonly<Record<string, Tensor>>;

/**
 * Relative to 1 or the element, whichever is larger; ONNX Runtime's exp and pow differ from libm's.
 */
const FOLDING_TOLERANCE = 1e-6;

/**
 * Asserts that inference finds the types and shapes that ONNX Runtime computes.
 *
 * Integers are taken as constants (they are shapes, axes, pads), floats as values of the image.
 */
export async function checkShapes(given: OperatorCase, inferring = infer): Promise<void> {
  const facts = inferring(given, (tensor) => tensor.type !== "float32");
  const computed = await runOperator(given, facts);
  expect(describeOutputs(facts.slice(0, computed.length))).toEqual(describeOutputs(computed));
}

/** Asserts that folding computes what ONNX Runtime does, all inputs being constants. */
export async function checkFolding(given: OperatorCase, inferring = infer): Promise<void> {
  const facts = inferring(given, () => true);
  const computed = await runOperator(given, facts);
  computed.forEach((tensor, i) => {
    const folded = facts[i]?.constant;
    if (!folded || folded.type === "opaque" || tensor.type === "opaque") {
      throw new Error(`${given.op}: output ${i} was not folded`);
    }
    const numbers = Array.from<number | bigint, number>(tensor.data, Number);
    expect(describeOutputs([folded])).toEqual(describeOutputs([tensor]));
    expect(folded.data).toHaveLength(tensor.data.length);
    const differing = numbers.filter((wanted, j) => {
      const tolerance =
        tensor.type === "float32" ? FOLDING_TOLERANCE * Math.max(1, Math.abs(wanted)) : 0;
      return !(Math.abs(Number(folded.data[j]) - wanted) <= tolerance);
    });
    expect({ op: given.op, differing }).toEqual({ op: given.op, differing: [] });
  });
}

/** Facts of the operator's outputs by our own inference. */
export function infer(
  { op, attributes = {}, inputs, outputCount = 1 }: OperatorCase,
  isConstant: (tensor: Tensor) => boolean,
): readonly ValueFacts[] {
  const facts = inputs.map(
    (tensor): ValueFacts | null =>
      tensor && {
        type: tensor.type,
        shape: tensor.shape,
        ...(isConstant(tensor) && { constant: tensor }),
      },
  );
  return inferNode(operatorNode(op, inputs, outputCount, attributes), facts);
}

async function runOperator(
  { op, attributes = {}, inputs, outputCount = 1 }: OperatorCase,
  facts: readonly ValueFacts[],
): Promise<readonly Tensor[]> {
  const single = operatorNode(op, inputs, outputCount, attributes);
  const given = inputs.flatMap((tensor, i) => (tensor ? [[`x${i}`, tensor] as const] : []));
  const graph = sketch({
    inputs: Object.fromEntries(given.map(([name, { shape }]) => [name, shape])),
    outputs: single.outputs,
    nodes: [single],
    types: Object.fromEntries([
      ...given.map(([name, { type }]) => [name, type] as const),
      ...single.outputs.map((name, i) => [name, facts[i]!.type] as const),
    ]),
  });
  const results = await runModel(writeModel(graph, 18), Object.fromEntries(given));
  return single.outputs.map((name) => results[name]!);
}

function operatorNode(
  op: string,
  inputs: readonly (Tensor | null)[],
  outputCount: number,
  attributes: Attributes,
) {
  const names = inputs.map((tensor, i) => (tensor ? `x${i}` : "_")).join(" ");
  const outputs = Array.from({ length: outputCount }, (_, i) => `y${i}`).join(" ");
  return node(op, names, outputs, attributes);
}

/** Runs a model in ONNX Runtime as it is, with no optimisation of the graph. */
export async function runModel(bytes: Uint8Array, feeds: Tensors): Promise<Tensors> {
  const session = await InferenceSession.create(bytes, {
    intraOpNumThreads: 1,
    graphOptimizationLevel: "disabled",
    logSeverityLevel: 4,
  });
  try {
    const tensors = Object.entries(feeds).map(([name, tensor]) => [name, toOrt(tensor)] as const);
    const results = await session.run(Object.fromEntries(tensors));
    return Object.fromEntries(
      Object.entries(results).map(([name, tensor]) => [name, fromOrt(tensor)]),
    );
  } finally {
    await session.release();
  }
}

function toOrt(tensor: Tensor): OrtTensor {
  if (tensor.type === "opaque") throw new Error("cannot run on an opaque tensor");
  return new OrtTensor(tensor.type, tensor.data, tensor.shape);
}

function fromOrt({ data, dims }: OrtTensor): Tensor {
  if (data instanceof Float32Array) return { type: "float32", shape: dims, data };
  if (data instanceof BigInt64Array) return { type: "int64", shape: dims, data };
  if (data instanceof Int32Array) return { type: "int32", shape: dims, data };
  if (data instanceof Uint8Array) return { type: "bool", shape: dims, data };
  throw new Error(`ONNX Runtime returned ${data.constructor.name}`);
}

function describeOutputs(outputs: readonly Pick<ValueFacts, "type" | "shape">[]) {
  return outputs.map(({ type, shape }) => `${type}[${shape.join(", ")}]`);
}
