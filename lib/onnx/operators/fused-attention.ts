import type { ValueFacts } from "../facts.ts";
import { float, type Node, type Value } from "../model.ts";
import {
  floatAttribute,
  intAttribute,
  intsAttribute,
  mismatch,
  nodeError,
  requiredInput,
} from "../node.ts";
import { filled, formatShape } from "../tensor.ts";
import { attention } from "./attention.ts";
import { Emitter, type Rewriting, type Upgrade } from "./upgrade.ts";

/** Tokens [N, S, heads D]; only the number of axes is asked for. */
const TOKENS: ValueFacts = { type: "float32", shape: [1, 1, 1] };

/** Which inputs of a node are what keeps it from being plain attention over an image's tokens. */
type Unsupported = Readonly<Record<number, string>>;

function refuseInputs(node: Node, unsupported: Unsupported): void {
  for (const [index, what] of Object.entries(unsupported)) {
    if (!node.inputs[Number(index)]) continue;
    throw nodeError(node, `${what} is not supported; use the model as it was exported`);
  }
}

/** ONNX's own Attention of Q, K and V, each [N, tokens, heads D], in terms of opset 18. */
function attended(
  { node, emitter, rewriting }: Fused,
  inputs: readonly [q: Value, k: Value, v: Value],
  bias: Value,
): readonly Node[] {
  const heads = intAttribute(node, "num_heads");
  const scale = floatAttribute(node, "scale", 0);
  const standard: Node = {
    ...node,
    op: "Attention",
    domain: "",
    inputs: bias ? [...inputs, bias] : inputs,
    attributes: {
      q_num_heads: heads,
      kv_num_heads: heads,
      is_causal: intAttribute(node, "unidirectional", 0),
      ...(scale !== 0 && { scale: float(scale) }),
    },
  };
  const known = new Map<Value, ValueFacts>(inputs.map((value) => [value, TOKENS]));
  if (bias) known.set(bias, rewriting.factsOf(bias) ?? TOKENS);
  const factsOf = (value: Value) => known.get(value) ?? rewriting.factsOf(value);
  return [...emitter.nodes, ...attention(standard, { ...rewriting, factsOf })];
}

interface Fused {
  readonly node: Node;
  readonly emitter: Emitter;
  readonly rewriting: Rewriting;
}

/** Parts of a value's last axis, of these lengths. */
function parted(
  { node, emitter }: Fused,
  value: Value,
  lengths: readonly number[],
): readonly Value[] {
  if (!lengths.every((length) => Number.isSafeInteger(length) && length > 0)) {
    throw mismatch(node, `parts ${formatShape(lengths)} of queries, keys and values`);
  }
  return emitter.splitAt(value, lengths, -1);
}

/**
 * Attention of ONNX Runtime: Q, K and V are parts of X W + bias.
 *
 * X [N, S, in], W [in, widths of Q, K and V together], bias as wide; then a mask, earlier keys and
 * values, and a bias of the scores, [N or 1, heads or 1, S, S].
 */
export const packedAttention: Upgrade = (node, rewriting) => {
  refuseInputs(node, { 3: "a mask of tokens", 4: "a cache of keys and values" });
  const emitter = new Emitter(node, rewriting);
  const [x, w, b] = [requiredInput(node, 0), requiredInput(node, 1), node.inputs[2]];
  const width = rewriting.constantOf(w)?.shape[1] ?? rewriting.factsOf(w)?.shape[1];
  const third = width === undefined ? [] : filled(3, width / 3);
  const widths = intsAttribute(node, "qkv_hidden_sizes", third);
  if (widths.length !== 3) throw nodeError(node, "weights of unknown shape");
  const product = emitter.emit("MatMul", [x, w]);
  const all = b ? emitter.emit("Add", [product, b]) : product;
  const fused = { node, emitter, rewriting };
  const [q, k, v] = parted(fused, all, widths);
  return attended(fused, [q!, k!, v!], node.inputs[5] ?? "");
};

/**
 * MultiHeadAttention of ONNX Runtime: Q [N, S, heads D], K and V [N, T, heads D] or [N, heads, T,
 * D]; or all packed in Q, [N, S, heads, 3, D], or both in K, [N, T, heads, 2, D]. A bias of Q, K and
 * V lies in one vector.
 */
export const multiHeadAttention: Upgrade = (node, rewriting) => {
  const cache = "a cache of keys and values";
  refuseInputs(node, { 4: "a mask of tokens", 6: cache, 7: cache });
  const emitter = new Emitter(node, rewriting);
  const fused = { node, emitter, rewriting };
  const [query, key, value] = [requiredInput(node, 0), node.inputs[1], node.inputs[2]];
  const joined = (x: Value) => emitter.emit("Reshape", [x, emitter.ints(0, 0, -1)]);
  const packed = (x: Value, index: number) =>
    joined(emitter.emit("Gather", [x, emitter.int(index)], { axis: 3 }));
  const tokens = (x: Value) => {
    if (rewriting.factsOf(x)?.shape.length !== 4) return x;
    return joined(emitter.emit("Transpose", [x], { perm: [0, 2, 1, 3] }));
  };
  const apart = !key
    ? [0, 1, 2].map((index) => packed(query, index))
    : [query, ...(value ? [key, value].map(tokens) : [0, 1].map((index) => packed(key, index)))];
  const [q, k, v] = node.inputs[3] ? withBias(fused, apart, node.inputs[3]) : apart;
  return attended(fused, [q!, k!, v!], node.inputs[5] ?? "");
};

/** Q, K and V with their parts of a bias; Q and K are equally wide. */
function withBias(fused: Fused, apart: readonly Value[], bias: Value): readonly Value[] {
  const { node, emitter, rewriting } = fused;
  const all = rewriting.constantOf(bias)?.shape[0];
  const shape = rewriting.factsOf(requiredInput(node, 0))?.shape;
  if (all === undefined || !shape) throw nodeError(node, "a bias or a query of unknown shape");
  const width = shape.length === 3 ? shape[2]! : all / 3;
  const parts = parted(fused, bias, [width, width, all - 2 * width]);
  return apart.map((x, i) => emitter.emit("Add", [x, parts[i]!]));
}
