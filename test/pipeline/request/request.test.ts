import { expect, test } from "vitest";
import { Ajv2020 } from "ajv/dist/2020.js";
import * as z from "zod";

import {
  requestSchema,
  parseLocalRequest,
  parseRequest,
  RequestError,
  requestJsonSchema,
} from "../../../lib/pipeline/request/request.ts";
import { problemsOf } from "./problems-of.ts";

const GOOD = { network: "emojinet", layer: "conv1-7x7_s2", channels: "1:36" };

test("fields left out get the defaults of the documentation", () => {
  expect(parseRequest(GOOD)).toEqual({
    ...GOOD,
    method: "deepdream",
    objective: "rectified",
    numIterations: 10,
    pyramidLevels: 3,
    pyramidScale: 1.4,
    initialImage: null,
    seed: 0,
    outputScaling: "clipped",
    executionEnvironment: "auto",
    verbose: true,
    montage: {
      gridSize: null,
      thumbnailSize: null,
      borderSize: 0,
      backgroundColor: "black",
      title: null,
      labels: null,
    },
  });
});

test.each([
  ["a layer by index", { layer: 97 }],
  ["all channels", { channels: "all" }],
  ["a mixed list", { channels: ["1:6", 40, "tiger"] }],
  [
    "a montage",
    { montage: { gridSize: [6, null], borderSize: [1, 2], backgroundColor: [0, 0.5, 1] } },
  ],
  ["a colour's hexadecimal digits", { montage: { backgroundColor: "#00ff7f" } }],
  ["an initial image", { initialImage: "uploads/photo 1.jpg" }],
  ["MATLAB's scaling", { outputScaling: "linear" }],
  ["a preset", { method: "fourier", preset: "lucid" }],
  [
    "a parameter of a preset",
    { method: "fourier", canvasSize: 320, cropSize: [96, 128], cropFraction: { end: [0.4, 0.9] } },
  ],
  ["raw Fourier images", { method: "fourier", outputScaling: "none" }],
])("%s is taken", (_, fields) => {
  expect(parseRequest({ ...GOOD, ...fields })).toMatchObject(fields);
});

test.each([
  ["no object", null, ["request: given null; wanted an object"]],
  ["a field missing", { network: "a", layer: 2 }, [/^channels: missing; wanted a list/]],
  [
    "an unknown field",
    { ...GOOD, numIteration: 3 },
    ["numIteration: unknown field (did you mean 'numIterations'?); remove it"],
  ],
  [
    "a number as text",
    { ...GOOD, numIterations: "10" },
    [/^numIterations: given "10"; wanted a number/],
  ],
  [
    "a number too large to be one",
    JSON.parse(JSON.stringify(GOOD).replace("}", ',"seed":1e999}')),
    [/^seed: given Infinity; wanted a number/],
  ],
  [
    "one beyond all whole numbers",
    { ...GOOD, seed: 1e300, numIterations: -1e300 },
    [
      "numIterations: given -1e+300; wanted at least 1",
      "seed: given 1e+300; wanted at most 4294967295",
    ],
  ],
  [
    "a fraction",
    { ...GOOD, pyramidLevels: 1.5 },
    ["pyramidLevels: given 1.5; wanted a whole number"],
  ],
  [
    "a number for a pair",
    { ...GOOD, montage: { thumbnailSize: 64 } },
    [
      "montage.thumbnailSize: given 64; wanted a pair [height, width] in pixels; either may be null",
    ],
  ],
  ["too few", { ...GOOD, numIterations: 0 }, ["numIterations: given 0; wanted at least 1"]],
  [
    "too many",
    { ...GOOD, numIterations: 2001 },
    ["numIterations: given 2001; wanted at most 2000"],
  ],
  ["a scale of 1", { ...GOOD, pyramidScale: 1 }, ["pyramidScale: given 1; wanted more than 1"]],
  [
    "a bad choice",
    { ...GOOD, objective: "max" },
    ['objective: given "max"; wanted one of "rectified", "mean"'],
  ],
  ["no channel", { ...GOOD, channels: [] }, ["channels: given []; wanted at least 1 element"]],
  ["channel 0", { ...GOOD, channels: [3, 0] }, ["channels[1]: given 0; wanted at least 1"]],
  ["a crooked range", { ...GOOD, channels: "1-36" }, [/^channels: given "1-36"; wanted a list/]],
  [
    "a path as network",
    { ...GOOD, network: "../etc" },
    [/^network: given "..\/etc"; wanted the id/],
  ],
  ["an address", { ...GOOD, initialImage: "http://x/y.png" }, [/^initialImage: given/]],
  ["a path upwards", { ...GOOD, initialImage: "uploads/../../b.png" }, [/^initialImage: given/]],
  [
    "another folder",
    { ...GOOD, initialImage: "models/a.png" },
    [/^initialImage: given "models\/a.png"; wanted the key .* under uploads\/ or jobs\//],
  ],
  [
    "no colour",
    { ...GOOD, montage: { backgroundColor: "no such" } },
    [/^montage.backgroundColor: given "no such"; wanted a CSS name/],
  ],
  [
    "a Fourier field without its method",
    { ...GOOD, preset: "vivid", learningRate: 0.1 },
    [
      'preset: belongs to method "fourier", and this request\'s is "deepdream"; remove it, or set method to "fourier"',
      'learningRate: belongs to method "fourier", and this request\'s is "deepdream"; remove it, or set method to "fourier"',
    ],
  ],
  [
    "a field of deepDreamImage in another method",
    { ...GOOD, method: "fourier", pyramidLevels: 2, rotaton: 3 },
    [
      'pyramidLevels: belongs to method "deepdream", and this request\'s is "fourier"; remove it, or set method to "deepdream"',
      "rotaton: unknown field (did you mean 'rotation'?); remove it",
    ],
  ],
  [
    "a misspelt field of another method",
    { ...GOOD, canvasSiz: 3 },
    ["canvasSiz: unknown field (did you mean 'canvasSize' of method \"fourier\"?); remove it"],
  ],
  [
    "no method",
    { ...GOOD, method: "lucid" },
    ['method: given "lucid"; wanted "deepdream" or "fourier"'],
  ],
  [
    "no preset",
    { ...GOOD, method: "fourier", preset: "bright" },
    [
      'preset: given "bright"; wanted one of "natural", "vivid", "poster", "channels", "lucid", "maco", "ellipses", "cppn"',
    ],
  ],
  [
    "another method's scaling",
    { ...GOOD, method: "fourier", outputScaling: "linear" },
    ['outputScaling: given "linear"; wanted one of "none"'],
  ],
  [
    "a range the wrong way round",
    { ...GOOD, method: "fourier", cropFraction: { start: [1, 0.5] } },
    ["cropFraction.start: given [1,0.5]; wanted a pair [least, most] from 0.01 to 4, least first"],
  ],
  [
    "a canvas too large",
    { ...GOOD, method: "fourier", canvasSize: 4097 },
    ["canvasSize: given 4097; wanted at most 4096"],
  ],
  [
    "a canvas of one side",
    { ...GOOD, method: "fourier", canvasSize: [64] },
    [
      "canvasSize: given [64]; wanted a whole number of pixels from 1 to 4096, or a pair [height, width]",
    ],
  ],
  [
    "a field in the montage",
    { ...GOOD, montage: { grid: 1 } },
    ["montage.grid: unknown field; remove it"],
  ],
])("%s is refused by name", async (_, json, wanted) => {
  const problems = await problemsOf(() => parseRequest(json));
  expect(problems).toHaveLength(wanted.length);
  for (const [i, pattern] of wanted.entries()) expect(problems[i]).toMatch(pattern);
});

test("every problem of a request is listed at once", async () => {
  const json = { network: 7, layer: 0, channels: [1.5], seed: -1, colour: "red" };
  const problems = await problemsOf(() => parseRequest(json));
  expect(problems.map((problem) => problem.slice(0, problem.indexOf(":"))).toSorted()).toEqual([
    "channels[0]",
    "colour",
    "layer",
    "network",
    "seed",
  ]);
});

test("on one machine the network may be a file and the image a path, nothing else is laxer", () => {
  const local = { ...GOOD, network: "../nets/a.onnx", initialImage: "../photo.jpg" };
  expect(parseLocalRequest(local)).toMatchObject(local);
  expect(() => parseLocalRequest({ ...local, seed: -1 })).toThrow(RequestError);
  expect(() => parseRequest(local)).toThrow(RequestError);
});

test("a request may name its schema, which is no part of what is asked", () => {
  const named = { $schema: "https://dreamgrid.invalid/request.schema.json", ...GOOD };
  expect(parseRequest(named)).toEqual(parseRequest(GOOD));
  expect(parseLocalRequest({ ...named, $schema: "../request.schema.json" })).toEqual(
    parseLocalRequest(GOOD),
  );
  expect(() => parseRequest({ ...GOOD, $schema: 7 })).toThrow(/\$schema: given 7; wanted a string/);
});

test.each(["cloud", "one machine"] as const)(
  "the JSON Schema of %s takes what is read",
  (where) => {
    const ajv = new Ajv2020({ strict: false });
    const validate = ajv.compile(requestJsonSchema(where));
    expect(validate({ ...GOOD, $schema: "here" })).toBe(true);
    expect(validate({ ...GOOD, seed: -1 })).toBe(false);
    expect(validate({ ...GOOD, network: "../a.onnx" })).toBe(where === "one machine");
    const { channels, ...nothing } = GOOD;
    expect(validate(nothing)).toBe(false);
    expect(validate({ ...nothing, targets: [{ channel: 1 }] })).toBe(true);
    expect(validate({ ...nothing, channels, targets: [{ channel: 1 }] })).toBe(false);
    expect(validate({ ...nothing, targets: [{ channel: 1, layer: true }] })).toBe(false);
    expect(validate({ ...nothing, targets: [{ at: "centre" }] })).toBe(false);
  },
);

test("the schema can be written as JSON Schema, with every field described", () => {
  const { oneOf } = z.toJSONSchema(requestSchema, { target: "draft-04", io: "input" });
  const required = ["network", "layer"];
  const wanted = [
    { count: 18, required },
    { count: 33, required: [...required, "method"] },
  ];
  expect(oneOf).toHaveLength(wanted.length);
  for (const [i, schema] of (oneOf ?? []).entries()) {
    const fields = Object.entries(schema.properties ?? {});
    expect(fields.length).toBe(wanted[i]!.count);
    const isDescribed = (field: unknown) =>
      typeof field === "object" && field !== null && "description" in field;
    expect(fields.filter(([, field]) => !isDescribed(field))).toEqual([]);
    expect(schema.required).toEqual(wanted[i]!.required);
  }
});
