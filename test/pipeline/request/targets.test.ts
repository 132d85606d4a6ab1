import { describe, expect, test } from "vitest";

import { encodeNpy } from "../../../lib/image/npy.ts";
import { requestHash } from "../../../lib/pipeline/job/job-id.ts";
import { parseLocalRequest, parseRequest } from "../../../lib/pipeline/request/request.ts";
import { resolveRequest } from "../../../lib/pipeline/request/resolve-request.ts";
import { diversityProblems } from "../../../lib/pipeline/request/resolve-targets.ts";
import { loadTargetFiles, pinTargetFiles } from "../../../lib/pipeline/request/target-files.ts";
import { analysedTinyNetwork } from "../../support/tiny-network.ts";
import { problemsOf } from "./problems-of.ts";

const network = await analysedTinyNetwork();

const seven = encodeNpy(
  [7],
  Float32Array.from({ length: 7 }, (_, i) => i - 3),
);
const files = new Map([
  ["seven.npy", seven],
  ["seven again.npy", seven],
  ["five.npy", encodeNpy([5, 2, 2], new Float32Array(20).fill(1))],
  ["zeros.npy", encodeNpy([7], new Float32Array(7))],
  // three columns in two rows, of which the second is zero in the first
  [
    "grid.npy",
    encodeNpy(
      [7, 2, 3],
      Float32Array.from({ length: 42 }, (_, i) => +(i % 6 !== 1)),
    ),
  ],
]);
const read = async (name: string) => files.get(name)!;

async function resolve(targets: readonly object[], more: object = {}) {
  const json = { network: "tiny", layer: "wide", targets, ...more };
  const request = parseLocalRequest(json);
  return resolveRequest(request, network, null, await pinTargetFiles(request.targets, read));
}

test("targets in normal form: indices, one number for each image, a label for each", async () => {
  const { request, channels, labels } = await resolve([
    { channels: { 3: 1, 1: -0.5, 2: 0 } },
    { channels: { 4: 1 } },
    { channel: 2, at: "centre", diversity: 2 },
    { channel: 2, at: [20, 1] },
    { direction: "seven.npy" },
    { direction: "grid.npy", at: [3, 2] },
    { layer: true },
  ]);
  expect(request.targets).toEqual([
    { channels: { 1: -0.5, 3: 1 } },
    { channel: 4 },
    { channel: 2, at: "centre", diversity: 2 },
    { channel: 2, at: [20, 1] },
    { direction: "seven.npy", cosinePower: 1 },
    { direction: "grid.npy", cosinePower: 1, at: [3, 2] },
    { layer: true },
  ]);
  expect(request.channels).toBeUndefined();
  expect(channels).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(labels).toEqual([
    "-0.5*#1 + #3",
    "#4",
    "#2 at centre 1/2",
    "#2 at centre 2/2",
    "#2 at 20,1",
    "along seven",
    "along grid at 3,2",
    "layer",
  ]);
});

test("classes by name, and their names as labels", async () => {
  const targets = [{ channel: "tiger" }, { channels: { "zebra, Equus": 1, castle: -1 } }];
  const { request, labels } = await resolve(targets, { layer: "classes" });
  expect(request.targets).toEqual([{ channel: 2 }, { channels: { 3: 1, 4: -1 } }]);
  expect(labels).toEqual(["tiger", "zebra - castle"]);
  const numbered = await resolve(targets, { layer: "classes", montage: { labels: "numbers" } });
  expect(numbered.labels).toEqual(["#2", "#3 - #4"]);
});

test("a sum's label tells weights from channels, and has no more digits than a tile has room for", async () => {
  const sums = [{ 1: 1, 2: -0.5 }, { 3: 2, 5: 1 / 3 }, { 1: -1, 2: -0.98765 }, { 4: 1000 }];
  const { labels } = await resolve(sums.map((channels) => ({ channels })));
  expect(labels).toEqual(["#1 - 0.5*#2", "2*#3 + 0.333*#5", "-#1 - 0.988*#2", "1000*#4"]);
});

test("directions of one file are told apart by the powers of their cosines", async () => {
  const powers = [0, 1, 2.5, 1 / 3];
  const { labels } = await resolve(
    powers.map((cosinePower) => ({ direction: "seven.npy", cosinePower })),
  );
  const wanted = ["along seven, cos 0", "along seven", "along seven, cos 2.5"];
  expect(labels).toEqual([...wanted, "along seven, cos 0.333"]);
});

test("behind a ReLU fourier raises what feeds it, deepdream the output", async () => {
  const layer = async (more: object) => (await resolve([{ channel: 1 }], more)).layer;
  const relu = { layer: "wide_relu" };
  expect(await layer(relu)).toMatchObject({ name: "wide_relu", preActivation: false });
  const fourierOf = (name: string) => ({ method: "fourier", layer: name });
  expect(await layer(fourierOf("wide_relu"))).toMatchObject({ preActivation: true });
  expect(await layer(fourierOf("wide"))).toMatchObject({ preActivation: false });
});

describe("refused", () => {
  test.each([
    ["both", { channels: [1], targets: [{ channel: 1 }] }, "wanted either channels or targets"],
    ["neither", {}, "channels: missing"],
    ["an empty target", { targets: [{}] }, "targets[0]: given {}; wanted exactly one of channel"],
    [
      "two kinds in one",
      { targets: [{ channel: 1, layer: true }] },
      'targets[0]: given {"channel":1,"layer":true}; wanted exactly one of',
    ],
    [
      "weights of zero",
      { targets: [{ channels: { 1: 0 } }] },
      'targets[0].channels: given {"1":0}; wanted weights by channel',
    ],
    [
      "a channel without a name",
      { targets: [{ channels: { "": 2 } }] },
      'targets[0].channels: given ""; wanted a name of at least 1 character',
    ],
    [
      "a place before the first",
      { targets: [{ channel: 1, at: [0, 1] }] },
      "targets[0].at[0]: given 0; wanted at least 1",
    ],
    [
      "a power without a direction",
      { targets: [{ channel: 1, cosinePower: 2 }] },
      'targets[0]: given {"channel":1,"cosinePower":2}; wanted cosinePower with',
    ],
    [
      "a file that is no upload",
      { targets: [{ direction: "../a.npy" }] },
      'targets[0].direction: given "../a.npy"; wanted the key of an uploaded file',
    ],
    [
      "an objective on maps, of none",
      { targets: [{ layer: true }, { channel: 1, at: [1, 1] }], objective: "mean" },
      'objective: given "mean"; wanted channels, or a target that is a map of them',
    ],
    [
      "contrast between channels, of none",
      { targets: [{ direction: "uploads/a.npy" }], method: "fourier", contrast: 0.5 },
      "contrast: given 0.5; wanted channels, or a target that is a map of them, to apply it to: no at, direction, activationOf or layer; remove it, or give 0",
    ],
  ])("as a document: %s", async (_, more, wanted) => {
    const problems = await problemsOf(() => parseRequest({ network: "tiny", layer: 2, ...more }));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(wanted);
  });

  test("with all that is wrong with a target at once", async () => {
    const target = { channel: 1, layer: true, cosinePower: 2, at: [1, 1] };
    const request = { network: "tiny", layer: 2, targets: [target] };
    const problems = await problemsOf(() => parseRequest(request));
    expect(problems.map((problem) => problem.split("; wanted ")[1])).toEqual([
      "exactly one of channel, channels, direction, activationOf, layer",
      "cosinePower with direction or activationOf only",
      "at with channel, channels, direction or activationOf only",
    ]);
  });

  test.each([
    [
      "a channel out of range",
      { channel: 8 },
      "targets[0].channel: given 8; wanted channels 1 to 7",
    ],
    ["a weight's channel", { channels: { 9: 1 } }, "targets[0].channels: given 9; wanted"],
    ["a class where there are none", { channel: "tiger" }, "targets[0].channel: given 'tiger'"],
    ["more than one channel", { channel: "1:2" }, "targets[0].channel: given '1:2'; wanted one"],
    ["a channel twice", { channels: { 1: 1, "01": 2 } }, "given channel 1 more than once"],
    [
      "a place off the map",
      { channel: 1, at: [21, 3] },
      "a column from 1 to 20 and a row from 1 to 16",
    ],
    [
      "a direction of another layer",
      { direction: "five.npy" },
      "of [5, 2, 2]; wanted [7] or [7, H, W]",
    ],
    ["a direction nowhere", { direction: "zeros.npy" }, "not all zero"],
    [
      "a place of a file that has none",
      { direction: "seven.npy", at: "each" },
      "targets[0].direction: given 'seven.npy' of [7]; wanted [7, H, W] for layer 'wide', to have a place of it",
    ],
    [
      "a place outside of the file",
      { direction: "grid.npy", at: [1, 3] },
      "targets[0].at: given [1, 3]; wanted a column from 1 to 3 and a row from 1 to 2 of 'grid.npy'",
    ],
    ["a place that is zero", { direction: "grid.npy", at: [2, 1] }, "all zero at [2, 1]; wanted"],
    ["any that is", { direction: "grid.npy", at: "each" }, "given 'grid.npy', all zero at [2, 1]"],
  ])("by the network: %s", async (_, target, wanted) => {
    const problems = await problemsOf(() => resolve([target]));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(wanted);
  });

  test("a target that is given again, however it is written, is named beside the first", async () => {
    const again = (i: number, first: number) =>
      `targets[${i}]: the same as targets[${first}], and so would be its image; leave it out, or give one of them diversity for images that differ`;
    const problems = await problemsOf(() =>
      resolve([
        { channel: 2 },
        { channel: 2, at: "centre" },
        { channels: { 2: 1, 3: 0 } },
        { channel: 2, diversity: 2 },
        { channels: { 1: 1, 3: -1 } },
        { direction: "seven.npy" },
        { direction: "seven again.npy", cosinePower: 1 },
        { channels: { 3: -1, 1: 1 } },
        { channel: 2 },
      ]),
    );
    expect(problems).toEqual([again(2, 0), again(6, 5), again(7, 4), again(8, 0)]);
    const many = await problemsOf(() =>
      resolve(Array.from({ length: 500 }, () => ({ layer: true }))),
    );
    expect(many).toHaveLength(10);
  });

  test("a place on a layer without a map", async () => {
    const problems = await problemsOf(() =>
      resolve([{ channel: 1, at: [1, 1] }], { layer: "classes" }),
    );
    expect(problems).toEqual([expect.stringContaining("has no map of rows and columns")]);
  });
});

test("thousands of names that are none, and of files that are no good, end at the first few", async () => {
  const thousands = (target: object) => Array.from({ length: 5_000 }, () => target);
  const weights = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`none${i}`, 1]));
  expect(await problemsOf(() => resolve(thousands({ channel: "none" })))).toHaveLength(10);
  expect(await problemsOf(() => resolve([{ channels: weights }]))).toHaveLength(10);
  let reads = 0;
  const counted = (name: string) => (reads++, read(name));
  const bad = thousands({ direction: "zeros.npy" });
  expect(await problemsOf(() => pinTargetFiles(bad, counted))).toHaveLength(10);
  expect(reads).toBe(10);
});

test("as many images as one request may have are counted, those that differ one by one", async () => {
  const targets = Array.from({ length: 1_251 }, (_, i) => ({
    channels: { 1: 1, 2: i / 2 },
    diversity: 8,
  }));
  expect(await problemsOf(() => resolve(targets))).toEqual([
    "targets: given 10008 images; wanted at most 10000 in one request; split them into several requests",
  ]);
});

test("images that are too large to be told apart at once are refused, though one may be drawn", () => {
  const layer = network.layers[1]!;
  const size = { width: 6_000, height: 5_000 };
  const problems = diversityProblems(8, network.model, layer, size);
  expect(problems).toEqual([
    expect.stringMatching(
      /^targets: diversity: the network does not take 8 images at once: Conv 'wide' has an output of/,
    ),
  ]);
  expect(diversityProblems(2, network.model, layer, size)).toEqual([]);
});

test("what is raised of maps may come with targets that are maps, and completed with any", async () => {
  const more = { method: "fourier", objective: "rectified", contrast: 0.5 } as const;
  const mixed = await resolve([{ layer: true }, { channels: { 1: 1, 2: -1 } }], more);
  expect(mixed.request).toMatchObject(more);
  for (const method of ["fourier", "deepdream"]) {
    const { request } = await resolve([{ layer: true }], { method });
    const again = { ...request, network: "tiny", layer: "wide" };
    expect(parseRequest(again)).toMatchObject({ objective: request.objective });
  }
});

test("a file is pinned to its bytes: another is another job, and refused when it is loaded", async () => {
  const one = await resolve([{ direction: "seven.npy" }]);
  const [file] = one.targetFiles;
  expect(file).toMatchObject({ key: "seven.npy", shape: [7] });
  const loaded = await loadTargetFiles(one.targetFiles, read);
  const contents = loaded.get("seven.npy")!;
  expect(contents.sha256).toBe(file!.sha256);
  expect(await contents.decode()).toMatchObject({ kind: "direction", array: { shape: [7] } });
  const nothingMore = encodeNpy([7], new Float32Array(7));
  for (const changed of [encodeNpy([7], new Float32Array(7).fill(2)), nothingMore, Buffer.of()]) {
    await expect(loadTargetFiles(one.targetFiles, async () => changed)).rejects.toThrow(
      /^'seven\.npy' of a target has changed/,
    );
  }
  const other = { ...one, targetFiles: [{ ...file!, sha256: "0" }] };
  expect(requestHash(other)).not.toBe(requestHash(one));
});
