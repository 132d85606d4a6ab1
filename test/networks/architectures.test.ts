import { readFile } from "node:fs/promises";

import { format, resolveConfig } from "prettier";
import { describe, expect, test } from "vitest";

import type { Trait } from "../support/architectures/architecture.ts";
import { checkArchitecture, fileOf, networkOf } from "../support/architectures/check.ts";
import { ARCHITECTURES } from "../support/architectures/index.ts";
import { architectureTable } from "../support/architectures/table.ts";

/**
 * float32 against double precision: of any image of these networks it is under 1e-6, of which
 * rounding, and with it the processor, decides.
 */
const MEDIAN_ERROR = 2e-6;
/** Of the whole network's output. */
const FORWARD_ERROR = 2e-6;

const README = "lib/networks/README.md";
const numbered = ARCHITECTURES.map((each) => [each.name, each, fileOf(each)] as const);

describe("gradients of an early, a middle and a late layer are those in double precision", () => {
  test.each(numbered)("%s", async (_, each, file) => {
    const { errors, forward, layers } = await checkArchitecture(each, file);
    expect(new Set(layers.map(({ index }) => index)).size).toBe(3);
    for (const error of errors) expect(error).toBeLessThan(MEDIAN_ERROR);
    expect(forward ?? 0).toBeLessThan(FORWARD_ERROR);
  });

  test.each([
    ["one part in a hundred thousand too large", (g: Float32Array) => g.map((x) => x * 1.00001)],
    [
      "one number in four hundred missing",
      (g: Float32Array) => g.map((x, i) => (i % 400 === 7 ? 0 : x)),
    ],
  ])("a gradient that is %s is noticed", async (_, change) => {
    const [, each, file] = numbered.find(([name]) => name === "MobileNet v2")!;
    const { errors } = await checkArchitecture(each, file, change);
    for (const error of errors) expect(error).toBeGreaterThan(MEDIAN_ERROR);
  });
});

test("the architectures are of many kinds, exporters, opsets and forms", () => {
  expect(new Set(ARCHITECTURES.map(({ name }) => name)).size).toBe(ARCHITECTURES.length);
  expect(ARCHITECTURES.length).toBeGreaterThanOrEqual(60);
  const opsets = new Set(ARCHITECTURES.map(({ opset }) => opset));
  for (let opset = 7; opset <= 24; opset++) expect(opsets).toContain(opset);
  const traits = new Set<Trait>(ARCHITECTURES.flatMap((each) => each.traits ?? []));
  const wanted = [
    "external data",
    "float16",
    "QDQ",
    "QOperator",
    "dynamic int8",
    "NHWC",
    "uint8 image",
  ];
  expect([...traits].toSorted()).toEqual(wanted.toSorted());
});

test("the README's table is that of these architectures; --update writes it", async () => {
  const networks = await Promise.all(
    numbered.map(async ([, each, file]) => ({ each, network: await networkOf(each, file) })),
  );
  const readme = await readFile(README, "utf8");
  const [before = "", after = ""] = readme.split(/<!-- architectures -->[^]*<!-- end -->/);
  const text = `${before}<!-- architectures -->\n\n${architectureTable(networks)}\n\n<!-- end -->${after}`;
  const options = { ...(await resolveConfig(README)), parser: "markdown" };
  await expect(await format(text, options)).toMatchFileSnapshot(`../../${README}`);
});
