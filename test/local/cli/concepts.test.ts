import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "vitest";

import { decodeNpy } from "../../../lib/image/npy.ts";
import { encodePng } from "../../../lib/image/png.ts";
import { readPicture } from "../../../lib/image/user-file.ts";
import { floatTensor } from "../../../lib/onnx/tensor.ts";
import { filesIn } from "../../networks/temporary-folder.ts";
import { node, sketch, writeModel } from "../../support/onnx-writer.ts";
import { normal, uniform } from "../../support/random.ts";
import { CLASS_NAMES, tinyNetwork } from "../../support/tiny-network.ts";
import { expectRefused, run } from "./command-line.ts";
import { makeModels } from "./models-on-disk.ts";

const folder = await makeModels();
await tinyNetwork(folder);
const tiny = join(folder, "tiny/tiny.onnx");
const photos = join(folder, "photos");
await mkdir(photos);
for (const seed of [1, 2, 3, 4]) {
  const data = Uint8Array.from(uniform([3 * 30 * 40], seed, [0, 255]).data);
  await writeFile(join(photos, `${seed}.png`), await encodePng({ width: 40, height: 30, data }));
}
await writeFile(join(photos, "torn.jpg"), "torn");
const photo = join(photos, "2.png");
const torn = join(folder, "torn");
await mkdir(torn);
await writeFile(join(torn, "broken.jpg"), "torn");
const odd = join(folder, "odd.onnx");
await writeFile(
  odd,
  writeModel(
    sketch({
      inputs: { image: [1, 3, 24, 24] },
      nodes: [
        node("Conv", "image w", "maps", { strides: [4, 4] }),
        // of numbers below zero there is no root
        node("Sqrt", "maps", "roots"),
        node("Conv", "image w far", "low", { strides: [4, 4] }),
        node("Relu", "low", "silent"),
      ],
      outputs: ["roots", "silent"],
      initializers: { w: normal([2, 3, 2, 2], 1), far: floatTensor([2], [-1e6, -1e6]) },
    }),
    18,
  ),
);

const concepts = (path: string, ...words: readonly string[]) => [
  "concepts",
  tiny,
  "--layer",
  "wide",
  "--photos",
  path,
  ...words,
];

interface Found {
  readonly share: number;
  readonly contribution: number | null;
  readonly strongest: readonly { readonly path: string; readonly most: number }[];
}

const eventsOf = (stdout: string) =>
  stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
const sumOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
const falling = (values: readonly number[]) => values.toSorted((a, b) => b - a);

test("concepts of photographs are found, drawn, and shown above the photographs", async () => {
  const out = join(folder, "found");
  const words = ["--count", "2", "--seed", "5", "--json", "--out", out];
  const { code, stdout, stderr } = await run(...concepts(photos, ...words));
  expect([code, stderr]).toEqual([
    0,
    expect.stringMatching(/^left out 1 of 5 photographs: [^\n]+\n(?!left out)/),
  ]);
  const [{ concepts: found, explained, photographs, negative }, ...events] = eventsOf(stdout);
  const shares = found.map(({ share }: Found) => share);
  expect(shares).toEqual(falling(shares));
  expect(explained).toBeCloseTo(sumOf(shares), 9);
  expect([photographs, explained > 0.5 && explained < 1, negative > 0]).toEqual([4, true, true]);
  for (const { strongest } of found as readonly Found[]) {
    expect(new Set(strongest.map(({ path }) => path)).size).toBe(3);
    const most = strongest.map((one) => one.most);
    expect(most).toEqual(falling(most));
  }
  expect(events.filter(({ kind }) => kind === "channel")).toHaveLength(2);
  const name = join(out, "tiny-wide-photos");
  const { shape, data } = decodeNpy(await readFile(`${name}.npy`));
  expect(shape).toEqual([7, 1, 2]);
  for (const j of [0, 1]) {
    const direction = data.filter((_, i) => i % 2 === j);
    expect(sumOf([...direction].map((value) => value * value))).toBeCloseTo(1, 5);
  }
  expect(JSON.parse(await readFile(`${name}.json`, "utf8"))).toMatchObject({
    network: tiny,
    layer: "wide",
    seed: 5,
    targets: [{ direction: "tiny-wide-photos.npy", at: "each" }],
  });
  const sheet = await readPicture(`${name}.concepts.png`);
  // two columns; four rows: a picture, and three photographs
  expect(sheet.height).toBeGreaterThan(sheet.width);
});

test("what concepts say for a class is what explain shares out, but for what they leave", async () => {
  // its channels have no negative numbers, and as many concepts as channels leave little
  const path = join(folder, "relu.onnx");
  const initializers = { w: normal([2, 3, 2, 2], 1), v: normal([5, 2], 2) };
  const nodes = [
    node("Conv", "image w", "maps", { strides: [4, 4] }),
    node("Relu", "maps", "relu"),
    node("GlobalAveragePool", "relu", "means"),
    node("Flatten", "means", "flat"),
    node("Gemm", "flat v", "logits", { transB: 1 }),
    node("Softmax", "logits", "prob"),
  ];
  const inputs = { image: [1, 3, 24, 24] };
  const graph = sketch({ inputs, nodes, outputs: ["prob"], initializers });
  await writeFile(path, writeModel(graph, 18));
  const words = ["--layer", "relu", "--class", "4", "--json"];
  const out = ["--quiet", "--out", join(folder, "class")];
  const explained = await run("explain", path, photo, ...words, "--dry-run");
  const asked = await run("concepts", path, "--photos", photo, "--count", "2", ...words, ...out);
  expect([asked.code, asked.stderr]).toEqual([
    0,
    expect.stringMatching(/^\S+\.concepts\.png {2}\([^\n]+\)\n$/),
  ]);
  const [{ score, contributed }] = eventsOf(explained.stdout);
  const [found] = eventsOf(asked.stdout);
  expect([found.score, found.contributed, found.negative]).toEqual(
    [score, contributed, 0].map((value) => expect.closeTo(value, 4)),
  );
  const contributions = found.concepts.map(({ contribution }: Found) => contribution);
  expect(contributions).toEqual(falling(contributions));
  expect(found.explained).toBeGreaterThan(0.98);
  expect(Math.abs(sumOf(contributions) - contributed)).toBeLessThan(0.1 * Math.abs(contributed));
});

test("a dry run says what it would draw, and writes nothing", async () => {
  const before = await filesIn(folder);
  const words = ["--count", "4", "--class", "zebra", "--out", join(folder, "dry"), "--dry-run"];
  const { stdout } = await run(...concepts(photo, ...words));
  expect(stdout).toMatch(/^\S+tiny-wide-2-zebra\.png {2}\(4 images: targets 1:4 of layer 'wide' /);
  expect(await filesIn(folder)).toEqual(before);
});

test.each([
  [
    "more concepts than vectors",
    ["concepts", tiny, "--layer", "classes", "--photos", photos, "--count", "6"],
    "count: given 6; wanted at most 5, as many vectors as the layer has in the photographs; give",
  ],
  [
    "a class that there is not",
    concepts(photo, "--class", "zebu"),
    `class: given 'zebu'; no class is called 'zebu' among ${CLASS_NAMES.length}`,
  ],
  [
    "what a class does not come of",
    ["concepts", tiny, "--layer", "prob", "--photos", photo, "--class", "zebra"],
    "layer: given prob; 'classes', which has the classes, does not come of it",
  ],
  [
    "a layer that is not finite",
    ["concepts", odd, "--layer", "roots", "--photos", photo, "--count", "2"],
    "layer: given roots; it is finite in none of the photographs; choose another layer",
  ],
  [
    "a layer that is silent",
    ["concepts", odd, "--layer", "silent", "--photos", photo, "--count", "2"],
    "layer: given silent; it has nothing above zero at the places looked at; choose another layer",
  ],
  ["no photograph", concepts(join(folder, "none.png")), /none\.png: there is no such file/],
  [
    "no photograph that can be read",
    concepts(torn, "--count", "2"),
    /^dreamgrid: none of the photographs can be read: \S+broken\.jpg: /,
  ],
])("refused, and nothing written: %s", async (_, words, message) => {
  await expectRefused(folder, [...words, "--out", join(folder, "refused")], message);
});
