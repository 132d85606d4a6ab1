import { arithmetic } from "../../../onnx/arithmetic.ts";
import { OPEN_AXIS, type GraphBuilder } from "../../../onnx/graph-builder.ts";
import type { Value } from "../../../onnx/model.ts";
import { type FloatTensor, floatTensor, intScalar } from "../../../onnx/tensor.ts";

/** Decay of the two moments, and what keeps the division from zero: the paper's own. */
const DECAY = [0.9, 0.999] as const;
const EPSILON = 1e-8;

/** Parameters and the two moments of their gradient, each of the parameters' shape. */
export interface AdamState {
  readonly parameters: Value;
  readonly first: Value;
  readonly second: Value;
}

/**
 * Adam's step towards a larger objective, from the gradient g of iteration t = 1, 2, ...:
 *
 *     m <- 0.9 m + g;  v <- 0.999 v + g^2;  p <- p + rate_t m / (sqrt(v) + epsilon_t)
 *
 * The paper's moments are means, (1 - decay) times ours, and are corrected for starting at zero;
 * both factors are the same for every parameter, so they stand in the two numbers of each step that
 * `adamRates` computes outside.
 *
 * Source: Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2015.
 */
export function emitAdam(
  graph: GraphBuilder,
  { parameters, first, second }: AdamState,
  {
    gradient,
    rates,
    iteration,
  }: { readonly gradient: Value; readonly rates: Value; readonly iteration: Value },
): AdamState {
  const { add, mul, div } = arithmetic(graph);
  const row = graph.emit("Gather", [rates, iteration], { axis: 0 });
  const [rate, epsilon] = [0, 1].map((i) =>
    graph.emit("Gather", [row, graph.constant(intScalar(i))]),
  ) as [Value, Value];
  const m = add(mul(first, DECAY[0]), gradient);
  const square = mul(gradient, gradient);
  const v = add(mul(second, DECAY[1]), square);
  const size = add(graph.emit("Sqrt", [v]), epsilon);
  const step = mul(div(m, size), rate);
  return { parameters: add(parameters, step), first: m, second: v };
}

/** Declares the graph's input `rates`, [iterations, 2], one row of `adamRates` each. */
export function adamRatesInput(graph: GraphBuilder): Value {
  return graph.input("rates", "float32", [OPEN_AXIS, 2]);
}

export interface LearningRate {
  readonly learningRate: number;
  /** `cosine`: from the whole rate in the first iteration to zero in the last. */
  readonly decay: "cosine" | "none";
  /** Of the whole ascent. */
  readonly iterations: number;
}

/**
 * `rate_t` and `epsilon_t` of `count` iterations after the first `done`, [count, 2]:
 *
 *     b = (1 - 0.999) / (1 - 0.999^t);  epsilon_t = 1e-8 / sqrt(b)
 *     rate_t = learning rate (1 - 0.9) / (1 - 0.9^t) / sqrt(b)
 */
export function adamRates(
  { learningRate, decay, iterations }: LearningRate,
  done: number,
  count: number,
): FloatTensor {
  const rows = Array.from({ length: count }, (_, i) => {
    const t = done + i + 1;
    const progress = (t - 1) / Math.max(1, iterations - 1);
    const rate = learningRate * (decay === "cosine" ? 0.5 + 0.5 * Math.cos(Math.PI * progress) : 1);
    const first = (1 - DECAY[0]) / (1 - DECAY[0] ** t);
    const root = Math.sqrt((1 - DECAY[1]) / (1 - DECAY[1] ** t));
    return [(rate * first) / root, EPSILON / root];
  });
  return floatTensor([count, 2], rows.flat());
}
