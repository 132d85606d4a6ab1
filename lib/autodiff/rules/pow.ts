import type { Value } from "../../onnx/model.ts";
import { DataType } from "../../onnx/element-type.ts";
import { inferNode } from "../../onnx/shape-inference.ts";
import { requireConstant } from "../constant-inputs.ts";
import { broadcastOutput, oneOutput } from "../forward.ts";
import { power } from "../power.ts";
import type { NodeVjp, VjpContext, VjpRule } from "../rule.ts";
import { expandTo } from "../shaping.ts";

/**
 * Power: Y = X^C, with broadcasting.
 *
 *     dX = dY C X^(C - 1), 0 where C = 0;   dC = dY Y log X, 0 where Y = 0;   summed over repeated
 *     axes
 *
 * X, C: any shapes that broadcast. Infinite at X = 0 for 0 < C < 1, as in PyTorch.
 *
 * One constant for all elements is emitted as products and roots or as exp(c log X), never as Pow,
 * the slowest operator of the CPU. Where that is 0, Y is 1 whatever X is.
 *
 * Source: ONNX operator Pow-15.
 */
export const powVjp: VjpRule = (context) => {
  const { graph, input, mul, facts } = context;
  const [x, exponent] = [input(0), input(1)];
  const isPlain = graph.shapeOf(exponent).length <= graph.shapeOf(x).length;
  const isOne = graph.shapeOf(exponent).every((length) => length === 1);
  if (!facts[1]?.constant || !isOne || !isPlain) return ofEach(context, x, exponent);
  const [c = 1] = requireConstant(context, 1, "the exponent");
  const raised = power(context, x, c);
  const y = raised === x ? graph.emit("Identity", [x]) : raised;
  return {
    ...oneOutput(context, y, (dY) => [c === 0 ? null : mul(dY, mul(c, power(context, x, c - 1)))]),
    isConstant: c === 0,
  };
};

/**
 * Exponents of their own, which may depend on the image. Both operands have Y's shape and type:
 * WebGPU's Pow fails on many that do not.
 */
function ofEach(context: VjpContext, base: Value, exponent: Value): NodeVjp {
  const { graph, node, mul, sub, facts } = context;
  const shape = inferNode(node, facts)[0]!.shape;
  const isFloat = facts[1]?.type === "float32";
  const floats = isFloat ? exponent : graph.emit("Cast", [exponent], { to: DataType.float });
  const [x, c] = [expandTo(graph, base, shape), expandTo(graph, floats, shape)];
  const y = graph.emit("Pow", [x, c]);
  const zero = graph.scalar(0);
  const zeroWhere = (value: Value, other: Value) =>
    graph.emit("Where", [graph.emit("Equal", [value, zero]), zero, other]);
  return broadcastOutput(context, y, (dY) => [
    () => mul(dY, zeroWhere(c, mul(c, graph.emit("Pow", [x, sub(c, 1)])))),
    () => mul(dY, zeroWhere(y, mul(y, graph.emit("Log", [x])))),
  ]);
}
