import type { Graph, Value } from "../../../lib/onnx/model.ts";
import type { NetBuilder } from "./builder.ts";
import type { Style } from "./naming.ts";

/** What the file of an architecture has that most have not. */
export type Trait =
  "external data" | "float16" | "QDQ" | "QOperator" | "dynamic int8" | "NHWC" | "uint8 image";

/** A network of a family that people have, small, to be written as one exporter would. */
export interface Architecture {
  readonly name: string;
  readonly style: Style;
  /** Of the file. */
  readonly opset: number;
  /** [C, H, W]. @default [3, 24, 20] */
  readonly image?: readonly [number, number, number];
  readonly traits?: readonly Trait[];
  /** @returns the outputs */
  readonly build: (net: NetBuilder) => readonly Value[];
  /** Changes the graph before it is written, to a quantised one. */
  readonly change?: (graph: Graph) => Graph;
}

/** A part of a network: from a value to a value. */
export type Part = (net: NetBuilder, x: Value) => Value;

/** Convolution, normalisation and an activation, in modules `conv`, `bn` and `act`. */
export function convBlock(
  net: NetBuilder,
  x: Value,
  filters: number,
  {
    act = "relu",
    ...options
  }: Parameters<NetBuilder["conv"]>[2] & { readonly act?: Activation } = {},
): Value {
  const y = net.within("conv", () => net.conv(x, filters, { bias: false, ...options }));
  const normed = net.within("bn", () => net.batchNorm(y));
  return act === "none" ? normed : net.within("act", () => net[act](normed));
}

/** The first convolution, to half of the image's size. */
export function stem(net: NetBuilder, act: Activation = "relu", x: Value = net.image): Value {
  return net.within("stem", () => convBlock(net, x, 8, { stride: 2, act }));
}

export type Activation = "relu" | "relu6" | "silu" | "hardSwish" | "gelu" | "none";

/** Channels scaled by what they all see: Squeeze-and-Excitation. */
export function squeezeExcite(
  net: NetBuilder,
  x: Value,
  gate: (x: Value) => Value = (value) => net.sigmoid(value),
): Value {
  const few = Math.max(4, net.channels(x) >> 2);
  return net.within("se", () => {
    const means = net.globalPool(x);
    const inner = net.within("fc1", () => net.conv(means, few, { kernel: 1 }));
    const outer = net.within("fc2", () =>
      net.conv(net.relu(inner), net.channels(x), { kernel: 1 }),
    );
    return net.mul(x, gate(outer));
  });
}
