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
  Cosh: ({ graph }, x) => graph.emit("Sinh", [x]),
  Sinh: ({ graph }, x) => graph.emit("Cosh", [x]),
  Tan: ({ add, mul }, _, y) => add(mul(y, y), 1),
};

/**
 * Circular and hyperbolic functions and their inverses, but for Sin, Cos and Tanh: Y = f(X).
 *
 *     dX = dY f'(X)
 *
 * X, Y: any shape. Infinite where the graph of f is vertical, as in PyTorch. None has a CUDA kernel:
 * there they run on the host.
 *
 * Source: ONNX operators Acos-7, Acosh-9 and so on.
 */
export const trigonometricVjp: VjpRule = (context) =>
  elementwise(context, (x, y) => SLOPES[context.node.op]!(context, x, y));

function inverseRoot(graph: VjpContext["graph"], square: Value): Value {
  return graph.emit("Reciprocal", [graph.emit("Sqrt", [square])]);
}
