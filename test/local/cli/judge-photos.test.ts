import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { beforeEach, expect, onTestFinished, test, vi } from "vitest";

import { encodePng } from "../../../lib/image/png.ts";
import { filledRaster, type Raster, type Rgb, type Size } from "../../../lib/image/raster.ts";
import { runCommandLine } from "../../../local/cli/run-command-line.ts";
import { readPicture } from "../../../lib/image/user-file.ts";
import { temporaryFolder } from "../../networks/temporary-folder.ts";
import { node, sketch, writeModel } from "../../support/onnx-writer.ts";
import { expectRefused, run } from "./command-line.ts";

/** Its channels are how red, green and blue a picture is. */
const COLOURS = sketch({
  inputs: { image: [1, 3, 12, 10] },
  nodes: [node("Relu", "image", "colours")],
  outputs: ["colours"],
});

const PICTURES: readonly Rgb[] = [
  [255, 0, 0],
  [0, 200, 90],
  [0, 0, 255],
];
/** Of one that is as red as another, the first by name comes first. */
const PHOTOS: readonly Rgb[] = [
  [250, 150, 130],
  [130, 220, 199],
  [129, 140, 240],
  [180, 160, 140],
  [130, 130, 220],
];

let folder = "";
const file = (name: string) => join(folder, name);
const judge = (...words: string[]) => {
  const sheet = ["judge", file("a.manifest.json"), "--network", file("colours.onnx")];
  return [...sheet, ...words];
};

async function write(name: string, size: Size, colours: readonly Rgb[]) {
  await mkdir(file(name));
  for (const [i, colour] of colours.entries()) {
    await writeFile(file(`${name}/p${i + 1}.png`), await encodePng(filledRaster(size, colour)));
  }
}

beforeEach(async () => {
  folder = await temporaryFolder();
  await writeFile(file("colours.onnx"), writeModel(COLOURS, 18));
  const tiles = PICTURES.map((_, i) => ({
    channel: i + 1,
    label: i === 2 ? "azure" : null,
    tile: { key: `jobs/j/tiles/p${i + 1}.png` },
  }));
  const manifest = { network: { id: "colours" }, layer: { index: 2 }, tiles };
  await writeFile(file("a.manifest.json"), JSON.stringify(manifest));
  await write("a.tiles", { width: 30, height: 24 }, PICTURES);
  await write("photos", { width: 40, height: 50 }, PHOTOS);
});

/** Colours of a sheet's columns of tiles, each from top to bottom. */
function tilesOf({ width, height, data }: Raster): readonly (readonly string[])[] {
  return Array.from({ length: 5 }, (_, column) => {
    const x = Math.floor(((column + 0.5) * width) / 5);
    const along = Array.from({ length: height }, (__, y) => {
      const from = 3 * (width * y + x);
      return data.subarray(from, from + 3).join();
    });
    // a tile is more than 100 px high, and nothing else is
    return along.filter((colour, y) => {
      const isTile = y >= 100 && along.slice(y - 100, y).every((other) => other === colour);
      return isTile && along[y + 1] !== colour;
    });
  });
}

test("a sheet shows each picture, and the photographs that excite its channel most", async () => {
  const out = file("photos.png");
  await writeFile(file("photos/torn.jpg"), "torn");
  const { code, stdout, stderr } = await run(...judge("--photos", file("photos"), "--out", out));
  expect([code, stderr]).toEqual([0, expect.stringContaining("left out 1 of 6 photographs: ")]);
  expect(stdout).toMatch(/^2 +72\.00 +1\.00 +0\.80 +p2\.png$/m);
  expect(stdout).toMatch(/^3 +azure +127\.0 +1\.00 +1\.00 +p3\.png$/m);
  const sheet = await readPicture(out);
  const rows = [
    ["255,0,0", "250,150,130", "180,160,140", "130,220,199", "130,130,220"],
    ["0,200,90", "130,220,199", "180,160,140", "250,150,130", "129,140,240"],
    ["0,0,255", "129,140,240", "130,130,220", "130,220,199", "180,160,140"],
  ];
  expect(tilesOf(sheet)).toEqual([0, 1, 2, 3, 4].map((column) => rows.map((row) => row[column]!)));
});

test("programs are told the four photographs, with the mean of the channel's map", async () => {
  const { stdout } = await run(...judge("--photos", file("photos"), "--json"));
  const photo = (number: number, red: number) => ({
    path: file(`photos/p${number}.png`),
    activation: expect.closeTo(red - 128, 4) as number,
  });
  expect(JSON.parse(stdout)).toMatchObject({
    comparison: {
      pictures: [
        { topPhotos: [photo(1, 250), photo(4, 180), photo(2, 130), photo(5, 130)] },
        {},
        {},
      ],
    },
  });
});

test("a sheet of photographs wants photographs that can be read, and a name that ends in .png", async () => {
  await expectRefused(folder, judge("--out", file("a.png")), /--out: want --photos/);
  const words = judge("--photos", file("photos"), "--out", file("a.jpg"));
  await expectRefused(folder, words, /--out .*a\.jpg: want NAME\.png/);
  await mkdir(file("torn"));
  await writeFile(file("torn/torn.jpg"), "torn");
  await expectRefused(
    folder,
    judge("--photos", file("torn")),
    /^dreamgrid: none of the photographs can be read: \S+torn\.jpg: /,
  );
});

test("a sheet of photographs is refused where no picture raises a single channel", async () => {
  const request = { targets: [{ layer: true }] };
  const tiles = [{ channel: 1, label: null, tile: { key: "jobs/j/tiles/p1.png" } }];
  const manifest = { network: { id: "colours" }, layer: { index: 2 }, request, tiles };
  await writeFile(file("a.manifest.json"), JSON.stringify(manifest));
  const words = judge("--photos", file("photos"), "--out", file("a.png"));
  await expectRefused(folder, words, /--out .*a\.png: no picture of the sheet raises a single/);
});

test("a picture that cannot be read is told of on a line of its own, below the bar", async () => {
  await writeFile(file("labels.txt"), "red\ngreen\nazure\n");
  await writeFile(file("a.tiles/p3.png"), "torn");
  let nowMs = 0;
  const clock = vi.spyOn(performance, "now").mockImplementation(() => (nowMs += 5_000));
  onTestFinished(() => clock.mockRestore());
  let stderr = "";
  const by = ["--by", file("colours.onnx"), "--labels", file("labels.txt")];
  const words = ["judge", file("a.manifest.json"), ...by];
  const code = await runCommandLine(words, {
    env: { DREAMGRID_CACHE: "/nonexistent/cache", DREAMGRID_GPU: "off" },
    stdout: { write: () => undefined },
    stderr: { isTTY: true, write: (part: string) => void (stderr += part) },
  });
  expect(code).toBe(2);
  expect(stderr).toMatch(/judging \[[^\n]*\n+dreamgrid: [^\n]*p3\.png/);
});
