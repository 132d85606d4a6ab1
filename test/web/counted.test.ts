import { expect, test } from "vitest";

import { several, twoDigits } from "../../web/components/counted.ts";

test("two digits are written as people read them, however large or small the value", () => {
  const values = [0, 0.0000123, 0.012, 4.66, 99.6, 100, 12_345];
  expect(values.map(twoDigits)).toEqual(["0", "0.000012", "0.012", "4.7", "100", "100", "12000"]);
});

test("what there is one of is said of one", () => {
  expect([0, 1, 2].map((count) => several(count, "tile"))).toEqual([
    "0 tiles",
    "1 tile",
    "2 tiles",
  ]);
});
