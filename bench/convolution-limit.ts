import { encodeModel } from "../lib/onnx/encode.ts";
import { GraphBuilder } from "../lib/onnx/graph-builder.ts";
import { uniformFrom } from "../lib/optvis/random.ts";
import { Session } from "../lib/optvis/runtime/session.ts";
import { noise } from "./feeds.ts";
import { cpuMs } from "./statistics.ts";

const [CHANNELS, SIDE, KERNEL, DEPTH] = [128, 28, 3, 8];
const ROUNDS = 15;
/** So small that nothing overflows on the way. */
const DEVIATION = 0.02;

/**
 * What this machine's plain convolutions reach on one thread: floating-point operations a second of
 * 3x3 convolutions that follow each other, the quickest of some rounds. No step of an ascent on a
 * network of such convolutions can be faster than their own share of it at this rate.
 */
export async function convolutionLimit(): Promise<number> {
  const graph = new GraphBuilder();
  const shape = [1, CHANNELS, SIDE, SIDE];
  const drawn = (of: readonly number[]) => noise(of, uniformFrom("limit", ...of), DEVIATION);
  const weights = drawn([CHANNELS, CHANNELS, KERNEL, KERNEL]);
  let value = graph.input("image", "float32", shape);
  for (let i = 0; i < DEPTH; i++) {
    value = graph.emit("Conv", [value, graph.constant(weights)], { pads: [1, 1, 1, 1] });
  }
  const session = await Session.create(
    encodeModel(graph.build("convolutions", [["out", value]])),
    "cpu",
  );
  const image = drawn(shape);
  let quickestMs = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    quickestMs = Math.min(quickestMs, await cpuMs(() => session.run({ image })));
  }
  const products = DEPTH * CHANNELS * CHANNELS * KERNEL * KERNEL * SIDE * SIDE;
  return (2 * products) / (quickestMs / 1000);
}
