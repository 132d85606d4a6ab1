import { createHash } from "node:crypto";

/** A source of uniform numbers in [0, 1). */
export type Uniform = () => number;

/** What random numbers are for. */
export type RandomKey = readonly (string | number)[];

/**
 * Generator seeded by the parts of a key, the same for the same parts on every machine.
 *
 * xoshiro128** seeded from SHA-256; the key names what the numbers are for (seed, network, layer,
 * channel, level), never the position in a batch, so grouping does not change an image.
 *
 * Source: Blackman and Vigna, "Scrambled Linear Pseudorandom Number Generators", 2021.
 */
export function uniformFrom(...key: RandomKey): Uniform {
  const digest = createHash("sha256").update(JSON.stringify(key)).digest();
  let a = digest.readUInt32LE(0);
  let b = digest.readUInt32LE(4);
  let c = digest.readUInt32LE(8);
  let d = digest.readUInt32LE(12);
  const rotate = (value: number, by: number) => (value << by) | (value >>> (32 - by));
  return () => {
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotate(d, 11);
    return result / 2 ** 32;
  };
}

/** One more than the largest seed: they have 32 bits. */
const SEEDS = 2 ** 32;

/** The seed so many after another; after the last comes 0. */
export function laterSeed(seed: number, by: number): number {
  return (seed + by) % SEEDS;
}

/** `count` draws of the standard normal distribution (Box-Muller). */
export function standardNormal(count: number, uniform: Uniform): Float32Array {
  const draws = new Float32Array(count);
  for (let i = 0; i < count; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(1 - uniform())); // 1 - u is never 0
    const angle = 2 * Math.PI * uniform();
    draws[i] = radius * Math.cos(angle);
    if (i + 1 < count) draws[i + 1] = radius * Math.sin(angle);
  }
  return draws;
}
