import { DataType } from "../onnx/element-type.ts";
import { float, type Value } from "../onnx/model.ts";
import type { VjpContext } from "./rule.ts";

type MaskContext = Pick<VjpContext, "graph" | "provider">;

/** Large enough to saturate every normal float32 above zero, small enough to be one itself. */
const STEEP = float(1e38);

/**
 * 1 where X > 0, else 0.
 *
 * On the CPU a saturated HardSigmoid is one pass, twice as fast as comparing and casting; on CUDA the
 * comparison, which holds in float16 too, where 1e38 would be infinite.
 */
export function isPositive({ graph, provider }: MaskContext, x: Value): Value {
  if (provider === "cpu") {
    return graph.emit("HardSigmoid", [x], { alpha: STEEP, beta: float(0) });
  }
  return graph.emit("Cast", [graph.emit("Greater", [x, graph.scalar(0)])], { to: DataType.float });
}

/** 1 where A > B, else 0, for finite A and B. */
export function isGreater({ graph, provider }: MaskContext, a: Value, b: Value): Value {
  if (provider === "cpu") return isPositive({ graph, provider }, graph.emit("Sub", [a, b]));
  return graph.emit("Cast", [graph.emit("Greater", [a, b])], { to: DataType.float });
}

/** 1 where A = B exactly, else 0. */
export function isEqual({ graph }: MaskContext, a: Value, b: Value): Value {
  return graph.emit("Cast", [graph.emit("Equal", [a, b])], { to: DataType.float });
}
