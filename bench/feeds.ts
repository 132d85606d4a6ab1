import { type FloatTensor, floatTensor, sizeOf } from "../lib/onnx/tensor.ts";
import { standardNormal, type Uniform } from "../lib/optvis/random.ts";

/** N(0, deviation^2) per element. */
export function noise(shape: readonly number[], uniform: Uniform, deviation = 1): FloatTensor {
  const draws = standardNormal(sizeOf(shape), uniform);
  return floatTensor(
    shape,
    draws.map((draw) => deviation * draw),
  );
}

/** [batch, channels]: one channel for each image, others with another seed. */
export function oneHot(batch: number, channels: number, seed: number): FloatTensor {
  const data = new Float32Array(batch * channels);
  for (let n = 0; n < batch; n++) data[n * channels + ((n * 7 + seed * 13) % channels)] = 1;
  return floatTensor([batch, channels], data);
}
