import { expect, test } from "vitest";

import { standardNormal, uniformFrom } from "../../lib/optvis/random.ts";
import { jsonFixture } from "./fixtures.ts";

interface Vector {
  readonly key: readonly (string | number)[];
  /** uint32 */
  readonly outputs: readonly number[];
}

test("the generator is xoshiro128** seeded from SHA-256 of its key", async () => {
  const vectors = (await jsonFixture("xoshiro")) as readonly Vector[];
  expect(vectors).toHaveLength(4);
  for (const { key, outputs } of vectors) {
    const uniform = uniformFrom(...key);
    expect(outputs.map(() => uniform() * 2 ** 32)).toEqual(outputs);
  }
});

test("the same key gives the same numbers, however many generators run between", () => {
  const alone = Array.from(standardNormal(50, uniformFrom("noise", 7, "net", 3)));
  const [a, b] = [uniformFrom("noise", 7, "net", 3), uniformFrom("noise", 7, "net", 4)];
  const [first, second] = [new Float32Array(50), new Float32Array(50)];
  for (let i = 0; i < 50; i += 2) {
    second.set(standardNormal(2, b), i);
    first.set(standardNormal(2, a), i);
  }
  expect([...first]).toEqual(alone);
  expect([...second]).not.toEqual(alone);
});

test("keys that join to the same text are different keys", () => {
  const first = (...key: readonly (string | number)[]) => uniformFrom(...key)();
  const draws = [
    first("a", "b"),
    first("ab"),
    first("a,b"),
    first("a", "b", ""),
    first(1),
    first("1"),
  ];
  expect(new Set(draws).size).toBe(draws.length);
});

test("the noise has the moments of the standard normal distribution", () => {
  const count = 200_000;
  const draws = standardNormal(count, uniformFrom("moments"));
  const mean = (power: number) => draws.reduce((sum, x) => sum + x ** power, 0) / count;
  // five standard errors of each moment of N(0, 1): variances 1, 2, 15, 96
  const within = (variance: number) => 5 * Math.sqrt(variance / count);
  expect(Math.abs(mean(1))).toBeLessThan(within(1));
  expect(Math.abs(mean(2) - 1)).toBeLessThan(within(2));
  expect(Math.abs(mean(3))).toBeLessThan(within(15));
  expect(Math.abs(mean(4) - 3)).toBeLessThan(within(96));
  const lagged = draws.reduce((sum, x, i) => sum + x * (draws[i + 1] ?? 0), 0) / count;
  expect(Math.abs(lagged), "neighbours are independent").toBeLessThan(within(1));
});

test("an odd count is filled to the end", () => {
  const draws = standardNormal(5, uniformFrom("odd"));
  expect([...draws].every((x) => Number.isFinite(x) && x !== 0)).toBe(true);
  expect([...draws.subarray(0, 4)]).toEqual([...standardNormal(4, uniformFrom("odd"))]);
});
