import { expect, test } from "vitest";

import { classMatcher } from "../../lib/networks/class-matches.ts";

const LABELS = [
  "n01440764 tench, Tinca tinca",
  "crane",
  "tiger shark, Galeocerdo cuvieri",
  "crane, construction machine",
  "Egyptian_cat",
  "",
];

test.each([
  ["tench", [0]],
  ["Tinca Tinca", [0]],
  ["egyptian-cat", [4]],
  // the bird and the machine
  ["crane", [1, 3]],
  ["big fish, tiger shark", [2]],
  ["n01440764 tench", [0]],
  // a part of a name is another class
  ["tiger", []],
  ["shark", []],
  ["", []],
])("'%s' stands for the classes %o", (name, classes) => {
  expect([...classMatcher(LABELS)(name)].toSorted((a, b) => a - b)).toEqual(classes);
});
