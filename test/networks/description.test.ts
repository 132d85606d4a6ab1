import { readFile } from "node:fs/promises";

import { expect, test } from "vitest";

import { DescriptionError } from "../../lib/networks/errors.ts";
import { parseDescription } from "../../lib/networks/description.ts";
import { describeFile, descriptionJson } from "./descriptions.ts";

const FILE = describeFile("net.onnx", Uint8Array.of(1, 2, 3), "https://example.org/net.onnx");
const VALID = descriptionJson("mynet", [FILE]);

test("a description keeps what it says", () => {
  expect(parseDescription(VALID, "here")).toEqual(VALID);
});

test("what may be left out has a default", () => {
  const { labels: _labels, ...rest } = VALID;
  const { scale: _scale, ...input } = VALID.input;
  const file = { file: FILE.file, sha256: FILE.sha256 };
  expect(parseDescription({ ...rest, input, files: [file] }, "here")).toEqual({
    ...VALID,
    input: { ...input, scale: [1, 1, 1] },
    files: [{ ...file, sizeBytes: null, source: null }],
    labels: null,
  });
});

const withInput = (change: object) => ({ ...VALID, input: { ...VALID.input, ...change } });
const withFile = (change: object) => ({ ...VALID, files: [{ ...FILE, ...change }] });

test.each<[string, unknown, string]>([
  ["no object", "text", "the file: "],
  ["an id with a slash", { ...VALID, id: "a/b" }, "id: want 1 to 64 letters"],
  ["an id that hides", { ...VALID, id: ".a" }, "id: want 1 to 64 letters"],
  ["an id too long", { ...VALID, id: "a".repeat(65) }, "id: want 1 to 64 letters"],
  ["an id that ends in a dot", { ...VALID, id: "a." }, "'.' between two of them"],
  ["no licence", { ...VALID, licence: "" }, "licence: want"],
  ["no files", { ...VALID, files: [] }, "files: want at least one"],
  ["a file twice", { ...VALID, files: [FILE, FILE] }, "files: two entries have the same name"],
  ["a file elsewhere", withFile({ file: "../net.onnx" }), "files.0.file: want a plain file name"],
  ["a file of dots", withFile({ file: "a..onnx" }), "files.0.file: want a plain file name"],
  ["a file with a space", withFile({ file: "my net.onnx" }), "of letters, digits"],
  ["a short hash", withFile({ sha256: "abc" }), "files.0.sha256: want 64"],
  ["a hash in capitals", withFile({ sha256: "A".repeat(64) }), "files.0.sha256: want 64"],
  ["a size of text", withFile({ sizeBytes: "12" }), "files.0.sizeBytes: "],
  ["a size of nothing", withFile({ sizeBytes: 0 }), "files.0.sizeBytes: "],
  ["a local source", withFile({ source: "file:///etc/passwd" }), "files.0.source: want an http"],
  ["a source of words", withFile({ source: "somewhere" }), "files.0.source: want an http"],
  ["an unknown field of a file", withFile({ hash: "x" }), "files.0: "],
  ["no input", { ...VALID, input: undefined }, "input: want a value of type object"],
  ["no licence", { ...VALID, licence: undefined }, "licence: want a value of type string"],
  ["no input name", withInput({ name: "" }), "input.name: want"],
  ["half a pixel", withInput({ width: 1.5 }), "input.width: want whole pixels"],
  ["no pixels", withInput({ height: 0 }), "input.height: want at least 1 pixel"],
  ["another order", withInput({ channelOrder: "GBR" }), 'input.channelOrder: want "RGB" or "BGR"'],
  ["a mean of two", withInput({ mean: [1, 2] }), "input.mean: "],
  ["a mean of words", withInput({ mean: [1, 2, "3"] }), "input.mean.2: want a finite number"],
  ["a scale of 0", withInput({ scale: [1, 0, 1] }), "input.scale: 0 would erase a channel"],
  ["labels elsewhere", { ...VALID, labels: "/etc/passwd" }, "labels: want a plain file name"],
  [
    "a recipe for no role",
    { ...VALID, recipes: { last: {} } },
    'recipes: want recipes by "whole", "first", "middle"',
  ],
  [
    "a recipe of a name",
    { ...VALID, recipes: { whole: "vivid" } },
    "recipes.whole: want fields of a request",
  ],
  ["an unknown field", { ...VALID, sha256: "x" }, 'unrecognized key: "sha256"'],
])("%s is refused", (_, json, problem) => {
  expect(() => parseDescription(json, "here/network.json")).toThrow(DescriptionError);
  expect(() => parseDescription(json, "here/network.json")).toThrow(
    /^here\/network\.json is not a network's description: /,
  );
  expect(() => parseDescription(json, "here/network.json")).toThrow(problem);
});

test("every bad field is named at once", () => {
  const json = { ...withInput({ width: -1, mean: "grey" }), id: "" };
  expect(() => parseDescription(json, "here")).toThrow(/id: .*input\.width: .*input\.mean: /);
});

test.each(["emojinet", "googlenet"])("the description of %s is in order", async (id) => {
  const path = new URL(`../../models/${id}/network.json`, import.meta.url);
  const description = parseDescription(JSON.parse(await readFile(path, "utf8")), path.pathname);
  expect(description.id).toBe(id);
});
