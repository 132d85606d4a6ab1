import type { Value } from "../../onnx/model.ts";
import { elementwise } from "../forward.ts";
import type { VjpContext, VjpRule } from "../rule.ts";

/** Derivatives from X or Y. */
const SLOPES: Readonly<Record<string, (context: VjpContext, x: Value, y: Value) => Value>> = {
  Acos: ({ graph, sub, mul }, x) => graph.emit("Neg", [inverseRoot(graph, sub(1, mul(x, x)))]),
  Acosh: ({ graph, sub, mul }, x) => inverseRoot(graph, sub(mul(x, x), 1)),
  Asin: ({ graph, sub, mul }, x) => inverseRoot(graph, sub(1, mul(x, x))),
  Asinh: ({ graph, add, mul }, x) => inverseRoot(graph, add(mul(x, x), 1)),
  Atan: ({ div, add, mul }, x) => div(1, add(mul(x, x), 1)),
  Atanh: ({ div, sub, mul }, x) => div(1, sub(1, mul(x, x))),
  Cos: ({ graph }, x) => graph.emit("Neg", [graph.emit("Sin", [x])]),
  Cosh: ({ graph }, x) => graph.emit("Sinh", [x]),
  Sin: ({ graph }, x) => graph.emit("Cos", [x]),
  Sinh: ({ graph }, x) => graph.emit("Cosh", [x]),
  Tan: ({ add, mul }, _, y) => add(mul(y, y), 1),
  Tanh: ({ sub, mul }, _, y) => sub(1, mul(y, y)),
};

/**
 * Circular and hyperbolic functions and their inverses: Y = f(X).
 *
 *     dX = dY f'(X)
 *
 * X, Y: any shape. Infinite where the graph of f is vertical, as in PyTorch. Of them Sin, Cos and
 * Tanh have a CUDA kernel; the others run on the host there.
 *
 * Source: ONNX operators Acos-7, Acosh-9 and so on.
 */
export const trigonometricVjp: VjpRule = (context) =>
  elementwise(context, (x, y) => SLOPES[context.node.op]!(context, x, y));

function inverseRoot(graph: VjpContext["graph"], square: Value): Value {
  return graph.emit("Reciprocal", [graph.emit("Sqrt", [square])]);
}
