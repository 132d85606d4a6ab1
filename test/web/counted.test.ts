import { expect, test } from "vitest";

import { twoDigits } from "../../web/components/counted.ts";

test("two digits are written as people read them, however large or small the value", () => {
  const values = [0, 0.0000123, 0.012, 4.66, 99.6, 100, 12_345];
  expect(values.map(twoDigits)).toEqual(["0", "0.000012", "0.012", "4.7", "100", "100", "12000"]);
});
