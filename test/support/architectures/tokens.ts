import type { Value } from "../../../lib/onnx/model.ts";
import type { NetBuilder } from "./builder.ts";

export const HEADS = 2;

export interface AttentionOptions {
  /** Added to the scores. */
  readonly bias?: Value;
  /** Tokens that are looked at. @default the same */
  readonly context?: Value;
  /** As one operator, of opset 23. */
  readonly isWhole?: boolean;
}

/** Tokens [N, T, C] that look at each other. */
export function attention(
  net: NetBuilder,
  x: Value,
  { bias, context = x, isWhole }: AttentionOptions = {},
): Value {
  const [batch = 1, tokens = 1, width = 1] = net.shape(x);
  const seen = net.shape(context)[1]!;
  const each = width / HEADS;
  return net.within("attn", () => {
    const [q, k, v] = ["q", "k", "v"].map((name) =>
      net.within(name, () => net.linear(name === "q" ? x : context, width)),
    );
    const project = (y: Value) => net.within("proj", () => net.linear(y, width));
    if (isWhole)
      return project(
        net.op("Attention", [q!, k!, v!], { q_num_heads: HEADS, kv_num_heads: HEADS }),
      );
    const heads = (y: Value, count: number, ...perm: readonly number[]) =>
      net.transpose(net.reshape(y, batch, count, HEADS, each), ...perm);
    const scaled = net.mul(heads(q!, tokens, 0, 2, 1, 3), net.scalar(1 / Math.sqrt(each)));
    const scores = net.op("MatMul", [scaled, heads(k!, seen, 0, 2, 3, 1)]);
    const weights = net.softmax(bias ? net.add(scores, bias) : scores);
    const mixed = net.transpose(
      net.op("MatMul", [weights, heads(v!, seen, 0, 2, 1, 3)]),
      0,
      2,
      1,
      3,
    );
    return project(net.reshape(mixed, batch, tokens, width));
  });
}

export function perceptron(net: NetBuilder, x: Value, act: (x: Value) => Value = net.gelu): Value {
  const width = net.shape(x).at(-1)!;
  return net.within("mlp", () => {
    const wide = net.within("fc1", () => net.linear(x, 2 * width));
    return net.within("fc2", () =>
      net.linear(
        net.within("act", () => act(wide)),
        width,
      ),
    );
  });
}

export function block(net: NetBuilder, x: Value, look: (x: Value) => Value): Value {
  const a = net.add(x, look(net.within("norm1", () => net.layerNorm(x))));
  return net.add(
    a,
    perceptron(
      net,
      net.within("norm2", () => net.layerNorm(a)),
    ),
  );
}

/** [N, C, H, W] as tokens [N, H W, C], and back. */
export function tokensOf(net: NetBuilder, x: Value): Value {
  const [n = 1, c = 1, h = 1, w = 1] = net.shape(x);
  return net.transpose(net.reshape(x, n, c, h * w), 0, 2, 1);
}
export function mapOf(net: NetBuilder, x: Value, height: number, width: number): Value {
  const [n = 1, , c = 1] = net.shape(x);
  return net.reshape(net.transpose(x, 0, 2, 1), n, c, height, width);
}

export const patches = (net: NetBuilder, width: number, size = 4) =>
  net.within("patch_embed", () =>
    net.within("proj", () => net.conv(net.image, width, { kernel: size, stride: size, pad: 0 })),
  );

export const last = (net: NetBuilder, x: Value) => net.within("norm", () => net.layerNorm(x));
