import { expect, test } from "vitest";

import type { CircuitLink } from "../../../lib/pipeline/networks/circuit-schema.ts";
import { drawColourFilter, drawKernel } from "../../../local/cli/kernel-picture.ts";

function source(weights: number[], colour: CircuitLink["colour"] = null): CircuitLink {
  const kernel = { rows: 2, columns: weights.length / 2, weights };
  return { layer: { index: 1, name: "image" }, channel: 1, colour, sum: 0, share: 0, kernel };
}

const pixelsOf = ({ data }: { readonly data: Uint8Array }, count: number) =>
  Array.from({ length: count }, (_, i) => [...data.subarray(3 * i, 3 * i + 3)]);

test("a kernel is red where it excites and blue where it inhibits, by its share of the largest", () => {
  // ColorBrewer's RdBu of 11: b2182b and 2166ac; half of it is half way to white
  const drawn = drawKernel(source([2, 0, -2, 1]), 2, { width: 2, height: 2 });
  expect(pixelsOf(drawn, 4)).toEqual([
    [178, 24, 43],
    [255, 255, 255],
    [33, 102, 172],
    [217, 140, 149],
  ]);
});

test("cells that are large enough have lines between them, and a kernel keeps its shape", () => {
  const { data } = drawKernel(source([1, 1]), 1, { width: 16, height: 16 });
  const at = (x: number, y: number) => [...data.subarray(3 * (16 * y + x), 3 * (16 * y + x) + 3)];
  expect([at(0, 3), at(3, 3), at(3, 8), at(12, 3)]).toEqual([
    [208, 208, 208],
    [178, 24, 43],
    [208, 208, 208],
    [255, 255, 255],
  ]);
});

test("weights of three colours are one picture, grey being 0; of other planes there is none", () => {
  const size = { width: 1, height: 2 };
  const planes = [source([1, 0], "blue"), source([-1, 0], "red"), source([0.5, 0], "green")];
  expect(pixelsOf(drawColourFilter(planes, size)!, 2)).toEqual([
    [0, 191, 255],
    [128, 128, 128],
  ]);
  expect(drawColourFilter(planes.slice(1), size)).toBeNull();
  expect(drawColourFilter([source([1, 1])], size)).toBeNull();
});
