import { readFile } from "node:fs/promises";

import { decodeNpy } from "../../lib/image/npy.ts";
import { floatTensor, type FloatTensor } from "../../lib/onnx/tensor.ts";

const FOLDER = new URL("../fixtures/optvis/", import.meta.url);

export async function npyFixture(name: string): Promise<FloatTensor> {
  const { shape, data } = decodeNpy(await readFile(new URL(`${name}.npy`, FOLDER)));
  return floatTensor(shape, data);
}

export async function jsonFixture(name: string): Promise<unknown> {
  return JSON.parse(await readFile(new URL(`${name}.json`, FOLDER), "utf8"));
}

export function modelFixture(name: string): Promise<Uint8Array> {
  return readFile(new URL(`${name}.onnx`, FOLDER));
}

/** |a - b| / |b|, Euclidean. */
export function relativeDistance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`${a.length} values against ${b.length}`);
  let [squares, norm] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    squares += (a[i]! - b[i]!) ** 2;
    norm += b[i]! ** 2;
  }
  return Math.sqrt(squares / norm);
}
