import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "vitest";

import { decodeNpy } from "../../../lib/image/npy.ts";
import { encodePng } from "../../../lib/image/png.ts";
import { gatherActivations } from "../../../lib/pipeline/dataset/gather-activations.ts";
import { photographOf } from "../../../lib/pipeline/dataset/photographs.ts";
import { filesIn } from "../../networks/temporary-folder.ts";
import { node, sketch, writeModel } from "../../support/onnx-writer.ts";
import { uniform } from "../../support/random.ts";
import { analysedTinyNetwork, tinyNetwork } from "../../support/tiny-network.ts";
import { expectRefused, run } from "./command-line.ts";
import { makeModels } from "./models-on-disk.ts";

const folder = await makeModels();
await tinyNetwork(folder);
const photos = join(folder, "photos");
await mkdir(photos);
for (const seed of [1, 2, 3, 4, 5]) {
  const data = Uint8Array.from(uniform([3 * 30 * 40], seed, [0, 255]).data);
  await writeFile(join(photos, `${seed}.png`), await encodePng({ width: 40, height: 30, data }));
}
await writeFile(join(photos, "torn.jpg"), "torn");

const bands = {
  inputs: { image: [1, 4, 12, 10] },
  nodes: [node("Relu", "image", "bands")],
  outputs: ["bands"],
};
await writeFile(join(folder, "bands.onnx"), writeModel(sketch(bands), 18));

/** Of dark pixels `bright` makes nothing at all, and `log` minus infinity. */
const bright = {
  inputs: { image: [1, 3, 12, 10] },
  nodes: [node("Relu", "image", "bright"), node("Log", "bright", "log")],
  outputs: ["log"],
};
await writeFile(join(folder, "bright.onnx"), writeModel(sketch(bright), 18));
const dim = join(folder, "dim");
await mkdir(dim);
for (const [name, level] of Object.entries({ black: 0, dark: 9, light: 200 })) {
  const data = new Uint8Array(3 * 12 * 10).fill(level);
  await writeFile(join(dim, `${name}.png`), await encodePng({ width: 10, height: 12, data }));
}

const tiny = join(folder, "tiny/tiny.onnx");
const atlas = (...words: readonly string[]) => ["activation-atlas", ...words, "--photos", photos];
const wide = (...words: readonly string[]) => atlas(tiny, "--layer", "wide", ...words);

test("it writes directions and a request, and draws them as they are laid", async () => {
  const out = join(folder, "atlas");
  const { code, stderr } = await run(...wide("--grid", "3x2", "--seed", "5", "--out", out));
  expect([code, stderr]).toEqual([0, expect.stringContaining("left out 1 of 6 photographs: ")]);
  expect(stderr).toContain("torn.jpg");
  const name = "tiny-wide-activation-atlas";
  const { shape } = decodeNpy(await readFile(join(out, `${name}.npy`)));
  expect(shape).toEqual([7, 2, 3]);
  const text = await readFile(join(out, `${name}.json`), "utf8");
  expect(JSON.parse(text)).toMatchObject({
    network: tiny,
    layer: "wide",
    seed: 5,
    targets: [{ direction: `${name}.npy`, at: "each" }],
  });
  const manifest = JSON.parse(await readFile(join(out, `${name}.manifest.json`), "utf8"));
  expect(manifest.request.montage).toMatchObject({ gridSize: [null, 3], labels: [] });
  expect(manifest.tiles.map((tile: { state: string }) => tile.state)).toEqual(Array(6).fill("ok"));
});

test("a dry run says what it would draw, and writes nothing", async () => {
  const before = await filesIn(folder);
  const { stdout } = await run(...wide("--grid", "3x2", "--out", join(folder, "dry"), "--dry-run"));
  expect(stdout).toMatch(/^\S+tiny-wide-activation-atlas\.png {2}\(6 images: targets 1:6 of /);
  expect(await filesIn(folder)).toEqual(before);
});

test("a photograph has the same vectors in any folder, under another name those of other places", async () => {
  const network = await analysedTinyNetwork();
  const layer = { ...network.layers[1]!, channels: 7 };
  const photo = join(photos, "2.png");
  const copies = [join(folder, "2.png"), join(folder, "other.png")];
  for (const copy of copies) await copyFile(photo, copy);
  const sampling = { network, layer, places: 3, seed: 1 };
  const all = [photo, ...copies].map(photographOf);
  const { vectors } = await gatherActivations(all, sampling, { threads: 1 });
  expect(vectors).toHaveLength(9);
  expect(vectors.slice(3, 6)).toEqual(vectors.slice(0, 3));
  expect(vectors.slice(6)).not.toEqual(vectors.slice(0, 3));
});

test.each(["bright", "log"])(
  "vectors that are zero or infinite count for nothing: %s",
  async (layer) => {
    const path = join(folder, "bright.onnx");
    const words = ["--layer", layer, "--photos", dim, "--places", "4", "--grid", "3x2"];
    await expectRefused(
      folder,
      ["activation-atlas", path, "--preprocessing", "minus-one-one", ...words],
      /grid: given 6 pictures; wanted at most 4, as many vectors/,
    );
  },
);

test.each([
  [
    "more pictures than vectors",
    wide("--places", "2", "--grid", "4x4"),
    /grid: given 16 pictures; wanted at most 12, as many vectors as .*; give more/,
  ],
  [
    "of classes, a vector for each photograph",
    atlas(tiny, "--layer", "classes", "--grid", "3x3"),
    /grid: given 9 pictures; wanted at most 6/,
  ],
  ["a grid without rows", wide("--grid", "12"), /--grid <size>.*want COLUMNSxROWS, such as 12x8/],
  [
    "images that are no photographs",
    atlas(join(folder, "bands.onnx"), "--layer", "bands"),
    /bands: its images have 4 planes that are no colours/,
  ],
  [
    "a layer that cannot be drawn",
    atlas(join(folder, "no-gradient.onnx"), "--layer", "logits", "--grid", "2x2"),
    /no-gradient-logits-activation-atlas: layer: no gradient for Conv/,
  ],
  [
    "a folder without photographs",
    ["activation-atlas", tiny, "--layer", "wide", "--photos", join(folder, "tiny")],
    /tiny: there is no PNG, JPEG or WebP file in it/,
  ],
])("refused, and nothing written: %s", async (_, words, message) => {
  await expectRefused(folder, [...words, "--out", join(folder, "refused")], message);
});
