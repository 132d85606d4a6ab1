import { arithmetic } from "../arithmetic.ts";
import type { Node, Value } from "../model.ts";
import { floatAttribute, intAttribute, requiredInput } from "../node.ts";
import { numbersIn } from "../tensor.ts";
import type { Operators } from "./operator.ts";
import { Emitter, notInOpset18, type Rewriting, type Upgrade } from "./upgrade.ts";

/** Of a masked pair of tokens, before the softmax: far below any score, and finite. */
const MASKED = -1e30;

/** The end of an axis, for a Slice. */
const TO_END = Number.MAX_SAFE_INTEGER;

/**
 * Attention (opset 23) in terms of opset 18:
 *
 *     Y = softmax(mask(scale Q K^T)) V
 *
 * Q [N, heads, S, D], K [N, kv heads, T, D], V [N, kv heads, T, E] -> Y [N, heads, S, E], or each
 * with its heads in the last axis, [N, S, heads D]. Fewer heads of K and V serve groups of Q's. A
 * token that sees none gives zeros.
 *
 * Source: ONNX operator Attention-25.
 */
export const attention: Upgrade = (node, rewriting) => {
  if ([4, 5, 6].some((index) => node.inputs[index]) || node.outputs.slice(1).some(Boolean)) {
    throw notInOpset18(node, "a cache of keys and values, or the scores as an output");
  }
  const emitter = new Emitter(node, rewriting);
  const inputs = [0, 1, 2].map((index) => requiredInput(node, index));
  const isJoined = rankOf(node, rewriting, inputs[0]!) === 3;
  const heads = isJoined ? intAttribute(node, "q_num_heads") : 0;
  const keyHeads = isJoined ? intAttribute(node, "kv_num_heads") : 0;
  const [q, ownK, ownV] = inputs.map((value, index) =>
    isJoined ? splitHeads(emitter, value, index === 0 ? heads : keyHeads) : value,
  );
  // of four axes the heads are counted when the graph's shapes are known
  const isGrouped = !isJoined || heads !== keyHeads;
  const [k, v] = [ownK!, ownV!].map((own) => (isGrouped ? repeatHeads(emitter, own, q!) : own));

  const product = emitter.emit("MatMul", [
    q!,
    emitter.emit("Transpose", [k!], { perm: [0, 1, 3, 2] }),
  ]);
  const { add, mul } = arithmetic(emitter);
  const scores = bounded(emitter, node, mul(product, scaleOf(emitter, node, q!)));
  const mask = node.inputs[3];
  const type = mask ? rewriting.factsOf(mask)?.type : undefined;
  if (mask && type === undefined) throw notInOpset18(node, "a mask of unknown type");
  const isAdded = mask && type !== "bool";
  const biased = isAdded ? add(scores, mask) : scores;
  const seen = seenPairs(
    emitter,
    node,
    scores,
    isAdded ? seenThrough(emitter, rewriting, mask) : (mask ?? ""),
  );

  const hide = (values: Value, instead: number) =>
    seen ? emitter.emit("Where", [seen, values, emitter.scalar(instead)]) : values;
  const weights = hide(emitter.emit("Softmax", [hide(biased, MASKED)], { axis: -1 }), 0);
  if (!isJoined) return emitter.ending("MatMul", [weights, v!]);
  const apart = emitter.emit("MatMul", [weights, v!]);
  return joinHeads(emitter, apart);
};

/**
 * Which pairs an added mask leaves in sight, as a mask of its own; `""` where it hides none: of a
 * token that it keeps from all others with minus infinities, the softmax would be no number.
 */
function seenThrough(emitter: Emitter, { constantOf }: Rewriting, added: Value): Value {
  if (!numbersIn(constantOf(added))?.includes(-Infinity)) return "";
  return emitter.emit("Greater", [added, emitter.scalar(MASKED)]);
}

function rankOf(node: Node, { factsOf }: Rewriting, value: Value): number {
  const rank = factsOf(value)?.shape.length;
  if (rank === undefined) throw notInOpset18(node, "an input of unknown shape");
  return rank;
}

/** [N, S, heads D] -> [N, heads, S, D]. */
function splitHeads(emitter: Emitter, value: Value, heads: number): Value {
  const split = emitter.emit("Reshape", [value, emitter.ints(0, 0, heads, -1)]);
  return emitter.emit("Transpose", [split], { perm: [0, 2, 1, 3] });
}

/** [N, heads, S, D] -> [N, S, heads D], the last of the nodes. */
function joinHeads(emitter: Emitter, value: Value): readonly Node[] {
  const byToken = emitter.emit("Transpose", [value], { perm: [0, 2, 1, 3] });
  return emitter.ending("Reshape", [byToken, emitter.ints(0, 0, -1)]);
}

/** Lengths [start, end) of a value's shape. */
function lengths(emitter: Emitter, value: Value, start: number, end: number): Value {
  return emitter.emit("Shape", [value], { start, end });
}

/** [N, kv heads, T, D] -> [N, heads, T, D]: each repeated for the queries' heads that it serves. */
function repeatHeads(emitter: Emitter, value: Value, q: Value): Value {
  const [heads, own] = [lengths(emitter, q, 1, 2), lengths(emitter, value, 1, 2)];
  const ones = emitter.ints(1, 1);
  const times = emitter.join([ones, emitter.emit("Div", [heads, own]), ones], 0);
  const repeated = emitter.emit("Expand", [
    emitter.emit("Unsqueeze", [value, emitter.ints(2)]),
    times,
  ]);
  const shape = [lengths(emitter, value, 0, 1), heads, lengths(emitter, value, 2, 4)];
  return emitter.emit("Reshape", [repeated, emitter.join(shape, 0)]);
}

/** The attribute, or 1 / sqrt(D). */
function scaleOf(emitter: Emitter, node: Node, q: Value): Value {
  if ("scale" in node.attributes) return emitter.scalar(floatAttribute(node, "scale"));
  const width = emitter.emit("Cast", [lengths(emitter, q, 3, 4)], { to: 1 });
  return emitter.emit("Reciprocal", [emitter.emit("Sqrt", [width])]);
}

/** cap tanh(x / cap), where the node has a cap. */
function bounded(emitter: Emitter, node: Node, scores: Value): Value {
  const cap = floatAttribute(node, "softcap", 0);
  if (cap === 0) return scores;
  const { mul, div } = arithmetic(emitter);
  return mul(emitter.emit("Tanh", [div(scores, cap)]), cap);
}

/**
 * Which tokens each token sees; "" for all. Of the mask's, those in the window: token i sees no
 * token before i - left_window_size, or after i + right_window_size (if causal, after i).
 */
function seenPairs(emitter: Emitter, node: Node, scores: Value, mask: Value): Value {
  const left = intAttribute(node, "left_window_size", -1);
  const isCausal = intAttribute(node, "is_causal", 0) !== 0;
  const right = isCausal ? 0 : intAttribute(node, "right_window_size", -1);
  // [S, 1] of the tokens that look, or [1, T] of those that are looked at; each moved by `offset`
  const places = (axis: number, other: number, offset = 0) => {
    const length = emitter.emit("Squeeze", [lengths(emitter, scores, axis, axis + 1)]);
    const range = emitter.emit("Range", [emitter.int(0), length, emitter.int(1)]);
    const spread = emitter.emit("Unsqueeze", [range, emitter.ints(other)]);
    return offset > 0 ? emitter.emit("Add", [spread, emitter.int(offset)]) : spread;
  };
  const bounds = [
    ...(right < 0 ? [] : [emitter.emit("GreaterOrEqual", [places(2, 1, right), places(3, 0)])]),
    ...(left < 0 ? [] : [emitter.emit("GreaterOrEqual", [places(3, 0, left), places(2, 1)])]),
  ];
  return bounds.reduce((seen, bound) => (seen ? emitter.emit("And", [seen, bound]) : bound), mask);
}

/**
 * RotaryEmbedding (opset 23): the first elements of each token are pairs (a, b), turned by an angle
 * that its place decides, (a cos - b sin, a sin + b cos).
 *
 * X [N, heads, S, D] or [N, S, heads D]; cos and sin [places, D / 2], chosen by position_ids [N,
 * S], or [N, S, D / 2]. A pair is an element of either half, or if interleaved two neighbours.
 */
const rotaryEmbedding: Upgrade = (node, rewriting) => {
  const emitter = new Emitter(node, rewriting);
  const [given, ...caches] = [0, 1, 2].map((index) => requiredInput(node, index));
  const isJoined = rankOf(node, rewriting, given!) === 3;
  const x = isJoined ? splitHeads(emitter, given!, intAttribute(node, "num_heads")) : given!;
  const turned = intAttribute(node, "rotary_embedding_dim", 0);
  const slice = (value: Value, start: number, end: number, step: number) =>
    emitter.emit("Slice", [value, ...[start, end, -1, step].map((bound) => emitter.ints(bound))]);
  const head = turned > 0 ? slice(x, 0, turned, 1) : x;

  const [cos, sin] = caches.map((cache) => {
    const ids = node.inputs[3];
    const angles = ids ? emitter.emit("Gather", [cache, ids], { axis: 0 }) : cache;
    return emitter.emit("Unsqueeze", [angles, emitter.ints(1)]);
  });
  const isInterleaved = intAttribute(node, "interleaved", 0) === 1;
  const half = emitter.emit("Div", [lengths(emitter, head, 3, 4), emitter.ints(2)]);
  const part = (from: Value, to: Value) =>
    emitter.emit("Slice", [head, from, to, emitter.ints(-1)]);
  const [a, b] = isInterleaved
    ? [slice(head, 0, TO_END, 2), slice(head, 1, TO_END, 2)]
    : [part(emitter.ints(0), half), part(half, emitter.ints(TO_END))];
  const { add, sub, mul } = arithmetic(emitter);
  const pair = [sub(mul(a, cos!), mul(b, sin!)), add(mul(a, sin!), mul(b, cos!))];
  const woven = () => {
    const apart = pair.map((value) => emitter.emit("Unsqueeze", [value, emitter.ints(-1)]));
    const beside = emitter.join(apart, -1);
    return emitter.emit("Reshape", [beside, emitter.ints(0, 0, 0, -1)]);
  };
  const rotated = isInterleaved ? [woven()] : pair;
  const parts = turned > 0 ? [...rotated, slice(x, turned, TO_END, 1)] : rotated;
  if (!isJoined) return emitter.ending("Concat", parts, { axis: -1 });
  return joinHeads(emitter, emitter.emit("Concat", parts, { axis: -1 }));
};

/** Operators on tokens that look at each other, and at their places. */
export const attentions: Operators = {
  Attention: { upgrade: attention },
  RotaryEmbedding: { upgrade: rotaryEmbedding },
};
