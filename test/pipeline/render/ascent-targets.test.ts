import { expect, test } from "vitest";

import { floatTensor } from "../../../lib/onnx/tensor.ts";
import type { Target } from "../../../lib/optvis/ascent/target.ts";
import { ascentTargets } from "../../../lib/pipeline/render/ascent-targets.ts";
import {
  type RequestTarget,
  targets as schema,
} from "../../../lib/pipeline/request/fields/targets.ts";
import type { TargetContents } from "../../../lib/pipeline/request/target-files.ts";
import { targetUnits } from "../../../lib/pipeline/request/target-units.ts";
import { networkOf } from "../../optvis/ascent/engine-task.ts";
import { node } from "../../support/onnx-writer.ts";

const SIZE = { height: 4, width: 5 };
const IMAGE = "uploads/cat.png";
const VECTOR = "uploads/vector.npy";
const ATLAS = "uploads/atlas.npy";

/** Each kind of target in normal form, with all that it may have besides. */
const TARGETS: readonly RequestTarget[] = [
  { channel: 2, diversity: 2 },
  { channel: 2, at: [3, 1], diversity: 2 },
  { channels: { "1": 0.5, "2": -1 }, at: "centre", diversity: 3 },
  { direction: VECTOR, cosinePower: 2, diversity: 2 },
  { activationOf: IMAGE, cosinePower: 1 },
  { activationOf: IMAGE, cosinePower: 1, at: [2, 3] },
  { activationOf: IMAGE, cosinePower: 1, at: [2, 3], diversity: 2 },
  { layer: true, diversity: 2 },
];

const raster = { ...SIZE, data: new Uint8Array(3 * 4 * 5) };
/** Of IMAGE: [2, 4, 5], every number another. */
const ACTIVATION = Float32Array.from({ length: 40 }, (_, i) => i);
const files = new Map<string, TargetContents>([
  [IMAGE, { sha256: "a", decode: async () => ({ kind: "image", raster }) }],
  [
    VECTOR,
    {
      sha256: "b",
      decode: async () => ({
        kind: "direction",
        array: { shape: [2], data: new Float32Array([1, 2]) },
      }),
    },
  ],
]);

/** The images of these numbers, as the ascent takes them. */
async function foundOf(
  targets: readonly RequestTarget[],
  numbers: readonly number[],
): Promise<readonly (Target | null)[]> {
  const w = floatTensor([2, 3, 1, 1], [1, 2, -1, 0.5, 0, 1]);
  const nodes = [node("Conv", "image w", "sums"), node("Relu", "sums", "y")];
  const { network, target } = networkOf(nodes, { w }, SIZE);
  const value = floatTensor([1, 2, 4, 5], ACTIVATION);
  return ascentTargets(targets, numbers, {
    engine: { evaluate: () => Promise.resolve({ value }) },
    network,
    layer: target("y"),
    raised: target("sums"),
    size: SIZE,
    files,
    toPlanes: ({ width, height }) => ({ width, height, data: new Float32Array(60) }),
  });
}

/** All of them. */
async function found(targets: readonly RequestTarget[]): Promise<readonly Target[]> {
  const all = targetUnits(targets).map((_, i) => i + 1);
  return (await foundOf(targets, all)).flatMap((target) => target ?? []);
}

/** What names the targets' images in random draws. */
async function drawnAs(targets: readonly RequestTarget[]): Promise<readonly (string | number)[]> {
  return (await found(targets)).map((each) => each.drawnAs);
}

test("images of a target begin alike, in whatever order its fields come", async () => {
  const names = await drawnAs(TARGETS);
  expect(new Set(names).size).toBe(names.length);
  const reversed = TARGETS.map((target) => Object.fromEntries(Object.entries(target).toReversed()));
  expect(await drawnAs(reversed)).toEqual(names);
  // as in a plan that was written and is read again
  expect(await drawnAs(schema.parse(JSON.parse(JSON.stringify(TARGETS)))!)).toEqual(names);
});

test("of targets that no image asked for has, nothing is looked at, but of all that are to differ", async () => {
  const elsewhere = { activationOf: "uploads/not-loaded.png", cosinePower: 1 } as const;
  const [none, two, three, last] = await foundOf(
    [elsewhere, { channel: 2, diversity: 2 }, elsewhere],
    [3],
  );
  expect([none, last]).toEqual([null, null]);
  expect([two?.among?.index, three?.among?.index]).toEqual([0, 1]);
});

test("images differ in what is raised: channels in what feeds a rectifier, others in the layer", async () => {
  const places = (await found(TARGETS.filter(({ diversity }) => diversity))).map(
    ({ aim, among }) => [aim.kind, among?.value],
  );
  expect(new Set(places.map((place) => place.join(" ")))).toEqual(
    new Set(["channels sums", "direction y", "layer y"]),
  );
});

test("images of a target begin alike, wherever its file lies", async () => {
  const elsewhere = "uploads/other.png";
  files.set(elsewhere, files.get(IMAGE)!);
  const [there] = await drawnAs([{ activationOf: elsewhere, cosinePower: 1 }]);
  expect([there]).toEqual(await drawnAs([{ activationOf: IMAGE, cosinePower: 1 }]));
});

test("of an image's activation the map's place is looked at that the target names", async () => {
  const image = { activationOf: IMAGE, cosinePower: 1 } as const;
  const aims = (await found([{ ...image, at: [2, 3] }, { ...image, at: "centre" }, image])).map(
    ({ aim }) => (aim.kind === "direction" ? aim.vector : null),
  );
  expect(aims).toEqual([
    floatTensor([2], [11, 20 + 11]), // row 3 of 4, column 2 of 5
    floatTensor([2], [12, 20 + 12]),
    floatTensor([2, 4, 5], ACTIVATION),
  ]);
});

test("of a file the place of its own is looked at that the target names", async () => {
  const array = { shape: [2, 2, 3], data: Float32Array.from({ length: 12 }, (_, i) => i) };
  files.set(ATLAS, { sha256: "c", decode: async () => ({ kind: "direction", array }) });
  const along = { direction: ATLAS, cosinePower: 1 } as const;
  const targets = await found([{ ...along, at: [3, 1] }, { ...along, at: [1, 2] }, along]);
  expect(targets.map(({ aim }) => aim)).toMatchObject([
    { vector: floatTensor([2], [2, 6 + 2]) },
    { vector: floatTensor([2], [3, 6 + 3]) },
    { vector: floatTensor([2, 2, 3], array.data) },
  ]);
});

test.each([
  ["usual", [1, -2.5], [1, -2.5]],
  ["tiny", [2 ** -60, -2.5 * 2 ** -60], [0.5, -1.25]],
  ["huge", [2 ** 90, -2.5 * 2 ** 90], [0.5, -1.25]],
])("a direction of %s numbers is one that float32 can square", async (_, values, wanted) => {
  const array = { shape: [2], data: Float32Array.from(values) };
  files.set(VECTOR, { sha256: "b", decode: async () => ({ kind: "direction", array }) });
  const [target] = await found([{ direction: VECTOR, cosinePower: 1 }]);
  expect(target?.aim).toMatchObject({ vector: floatTensor([2], wanted) });
});
