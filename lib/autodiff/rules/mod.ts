import { broadcastOutput } from "../forward.ts";
import type { VjpRule } from "../rule.ts";

/**
 * Remainder of a division, with the sign of A: Y = A - Q B, Q = A / B towards zero.
 *
 *     dA = dY,   dB = -Q dY,   summed over repeated axes
 *
 * A, B: any shapes that broadcast. Q counts as constant, where it jumps too. Emitted as its
 * definition, so that Q is computed once; WebGPU has no kernel.
 *
 * Source: ONNX operator Mod-13, whose floats have fmod = 1.
 */
export const modVjp: VjpRule = (context) => {
  const { graph, input, div, mul, sub } = context;
  const [a, b] = [input(0), input(1)];
  const ratio = div(a, b);
  const whole = graph.emit("Floor", [graph.emit("Abs", [ratio])]);
  const q = mul(whole, graph.emit("Sign", [ratio]));
  return broadcastOutput(context, sub(a, mul(q, b)), (dY) => [
    () => dY,
    () => graph.emit("Neg", [mul(q, dY)]),
  ]);
};
