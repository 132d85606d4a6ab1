import { expect, test } from "vitest";

import {
  limitsOf,
  problemsAt,
  requestOf,
  type Schema,
  writtenOf,
} from "../../../web/state/schema.ts";

test.each<[Schema, string]>([
  [{}, ""],
  [{ minimum: 0, maximum: 2_000 }, "0 to 2000"],
  [{ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }, "at least 1"],
  [{ exclusiveMinimum: 1, maximum: 4 }, "more than 1, at most 4"],
  [{ minimum: 0, exclusiveMaximum: 1 }, "at least 0, less than 1"],
])("limits of %j are told in words", (schema, words) => {
  expect(limitsOf(schema)).toBe(words);
});

const SCHEMA: Schema = {
  properties: {
    network: { type: "string" },
    seed: { type: "integer" },
    verbose: { type: "boolean" },
    channels: {},
    montage: { properties: { title: { type: "string" }, gridSize: { type: "array" } } },
    other: { properties: { left: {} } },
  },
};

test("what is written into the form is the request, and a request is written into it", () => {
  const request = {
    network: "7",
    seed: 0,
    verbose: false,
    channels: [1, "2:3"],
    montage: { title: "a b", gridSize: [1, null] },
    other: { left: null },
  };
  const written = writtenOf(request);
  expect(written).toEqual({
    network: "7",
    seed: "0",
    verbose: "false",
    channels: '[1,"2:3"]',
    "montage.title": "a b",
    "montage.gridSize": "[1,null]",
    "other.left": "null",
  });
  const fields = Object.entries(written);
  expect(requestOf(SCHEMA, new Map(fields))).toEqual(request);
  // white space is nothing, and what is no JSON goes as it stands
  const odd = new Map([...fields, ["seed", " \t"], ["montage.gridSize", " [1, x] "]]);
  expect(requestOf(SCHEMA, odd)).toEqual({
    network: "7",
    verbose: false,
    channels: [1, "2:3"],
    montage: { title: "a b", gridSize: "[1, x]" },
    other: { left: null },
  });
});

test("each sentence stands at the field that it is about, and the others at none", () => {
  const paths = ["channels", "montage", "montage.gridSize", "targets"];
  const problems = [
    "channels: given 9",
    "channelsOf: no such field",
    "montage.gridSize[0]: given x",
    "targets[1].at: given [0, 0]",
    "targets.at: given 3",
    "the body is not JSON",
  ];
  const at = (path: string) =>
    problemsAt(problems, path, paths).map((each) => problems.indexOf(each));
  expect(paths.map(at)).toEqual([[0], [2], [], [3, 4]]);
  expect(at("")).toEqual([1, 5]);
});
