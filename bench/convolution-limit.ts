import { encodeModel } from "../lib/onnx/encode.ts";
import { GraphBuilder } from "../lib/onnx/graph-builder.ts";
import { floatTensor, type FloatTensor, sizeOf } from "../lib/onnx/tensor.ts";
import { standardNormal, uniformFrom } from "../lib/optvis/random.ts";
import { Session } from "../lib/optvis/runtime/session.ts";

const [CHANNELS, SIDE, KERNEL, DEPTH] = [128, 28, 3, 8];
const ROUNDS = 15;

/**
 * What this machine's plain convolutions reach on one thread: floating-point operations a second of
 * 3x3 convolutions that follow each other, the quickest of some rounds. No step of an ascent on a
 * network of such convolutions can be faster than their own share of it at this rate.
 */
export async function convolutionLimit(): Promise<number> {
  const graph = new GraphBuilder();
  const shape = [1, CHANNELS, SIDE, SIDE];
  const weights = noise([CHANNELS, CHANNELS, KERNEL, KERNEL]);
  let value = graph.input("image", "float32", shape);
  for (let i = 0; i < DEPTH; i++) {
    value = graph.emit("Conv", [value, graph.constant(weights)], { pads: [1, 1, 1, 1] });
  }
  const session = await Session.create(
    encodeModel(graph.build("convolutions", [["out", value]])),
    "cpu",
  );
  const image = noise(shape);
  let quickestMs = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage();
    await session.run({ image });
    const { user, system } = process.cpuUsage(before);
    quickestMs = Math.min(quickestMs, (user + system) / 1000);
  }
  const products = DEPTH * CHANNELS * CHANNELS * KERNEL * KERNEL * SIDE * SIDE;
  return (2 * products) / (quickestMs / 1000);
}

function noise(shape: readonly number[]): FloatTensor {
  // so small that nothing overflows on the way
  const draws = standardNormal(sizeOf(shape), uniformFrom("limit", ...shape));
  return floatTensor(
    shape,
    draws.map((draw) => 0.02 * draw),
  );
}
