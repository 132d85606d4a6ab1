import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { beforeEach, describe, expect, test } from "vitest";

import { pictureOf } from "../../../lib/image/picture.ts";
import { encodePng } from "../../../lib/image/png.ts";
import { filledRaster, type Rgb } from "../../../lib/image/raster.ts";
import { floatTensor } from "../../../lib/onnx/tensor.ts";
import { temporaryFolder } from "../../networks/temporary-folder.ts";
import { node, sketch, writeModel } from "../../support/onnx-writer.ts";
import { expectRefused, run } from "./command-line.ts";

/** What it says of a picture: how red, green and blue it is, in tenths of 0..255 less 128. */
const ofColours = {
  inputs: { image: [1, 3, 12, 10] },
  nodes: [
    node("GlobalAveragePool", "image", "pool"),
    node("Flatten", "pool", "flat"),
    node("Gemm", "flat w", "logits", { transB: 1 }),
  ],
  outputs: ["logits"],
  initializers: { w: floatTensor([3, 3], [0.1, 0, 0, 0, 0.1, 0, 0, 0, 0.1]) },
};
const COLOURS = sketch(ofColours);

const tile = (channel: number, label: string | null) => ({
  channel,
  label,
  state: "ok",
  tile: { key: `jobs/j/tiles/0000${channel}.png` },
});

let folder = "";
const file = (name: string) => join(folder, name);

beforeEach(async () => {
  folder = await temporaryFolder();
  await writeFile(file("colours.onnx"), writeModel(COLOURS, 18));
  await writeFile(file("labels.txt"), "n00000001 red, crimson\nn00000002 green\nn00000003 blue\n");
  await writeFile(file("two.txt"), "red\ngreen\n");
  const tiles = [tile(1, "Crimson"), tile(2, "green"), tile(3, "azure"), tile(4, "blue")];
  const failed = { channel: 5, label: "red", state: "failed", reason: "dead" };
  const manifest = { network: { id: "colours" }, layer: { index: 3, name: "logits" } };
  const text = JSON.stringify({ ...manifest, tiles: [...tiles, failed] });
  await writeFile(file("a.manifest.json"), text);
  await writeFile(file("moved.manifest.json"), text);
  // channel 2's picture is blue, and channel 4's is lost
  const pictures: readonly Rgb[] = [
    [255, 0, 0],
    [0, 90, 200],
    [0, 0, 255],
  ];
  const photos: readonly Rgb[] = [
    [250, 9, 9],
    [0, 120, 99],
  ];
  const write = async (name: string, colours: readonly Rgb[]) => {
    await mkdir(file(name));
    for (const [i, colour] of colours.entries()) {
      const png = await encodePng(filledRaster({ width: 30, height: 24 }, colour));
      await writeFile(join(file(name), `0000${i + 1}.png`), png);
    }
  };
  await write("a.tiles", pictures);
  await write("photos", photos);
});

const judge = (...words: string[]) => run("judge", file("a.manifest.json"), ...words);
const by = () => ["--by", file("colours.onnx"), "--labels", file("labels.txt")];

async function jsonOf(...words: string[]): Promise<unknown> {
  const { code, stdout, stderr } = await judge(...words, "--json");
  expect({ code, stderr: stderr.replace(/^.* has no description.*\n$/, "") }).toEqual({
    code: 0,
    stderr: "",
  });
  return JSON.parse(stdout);
}

describe("judge", () => {
  test("classes are found by their synonyms, and what cannot be judged is said", async () => {
    const tenth = (...values: number[]) => values.map((value) => Math.exp(value / 10));
    const [red = 0, green = 0, blue = 0] = tenth(0, 90, 200);
    expect(await jsonOf(...by())).toEqual({
      judgement: {
        judged: 2,
        left: 3,
        top1: 0.5,
        top5: 1,
        meanProbability: expect.closeTo(0.5, 3) as number,
        recognised: true,
        pictures: [
          {
            channel: 1,
            label: "Crimson",
            rank: 1,
            probability: expect.closeTo(1, 6) as number,
            seen: "red",
          },
          {
            channel: 2,
            label: "green",
            rank: 2,
            probability: expect.closeTo(green / (red + green + blue), 6) as number,
            seen: "blue",
          },
          { channel: 3, label: "azure", problem: "no such class" },
          { channel: 4, label: "blue", problem: "no picture" },
          { channel: 5, label: "red", problem: "no picture" },
        ],
      },
    });
  });

  test("the judge's input may be described: in the other order of colours, red is blue", async () => {
    const given = (await jsonOf(...by(), "--channel-order", "BGR")) as {
      judgement: { pictures: readonly { seen?: string }[] };
    };
    expect(given.judgement.pictures[0]?.seen).toBe("blue");
  });

  test("a picture excites its channel more than the others do, and than photographs", async () => {
    const own = ["--network", file("colours.onnx"), "--photos", file("photos")];
    expect(await jsonOf(...own)).toMatchObject({
      comparison: {
        compared: 3,
        photos: 2,
        firstAmongOthers: 1,
        firstAmongPhotos: 2 / 3,
        pictures: [
          { channel: 1, activation: expect.closeTo(12.7, 4) as number, abovePhotos: 1 },
          { channel: 2, activation: expect.closeTo(-3.8, 4) as number, abovePhotos: 0.5 },
          { channel: 3, aboveOthers: 1, abovePhotos: 1 },
        ],
      },
    });
  });

  test("the table for people ends with the shares and what is wanted", async () => {
    const { stdout } = await judge(...by());
    expect(stdout).toMatch(/^2 +green +2 +0\.000 +blue$/m);
    expect(stdout).toMatch(
      /2 judged, 3 left out: top-1 0\.50, top-5 1\.00 \(wanted at least 0\.5 \/ 0\.7\)/,
    );
  });

  test.each([
    [["a.manifest.json", "--labels", "labels.txt"], /name it with --by/],
    [
      ["a.manifest.json", "--by", "colours.onnx"],
      /comes without class names; give them with --labels/,
    ],
    [
      ["a.manifest.json", "--by", "colours.onnx", "--labels", "two.txt"],
      /given 2 class names; .* ends with 3/,
    ],
    [["a.manifest.json", "--by", "colours.onnx", "--labels", "colours.onnx"], /not UTF-8/],
    [
      ["moved.manifest.json", "--by", "colours.onnx"],
      /none of its 5 pictures is in .*moved\.tiles/,
    ],
    [["labels.txt", "--by", "colours.onnx"], /want a sheet's manifest/],
    [
      ["a.manifest.json", "--network", "colours.onnx", "--photos", "nowhere"],
      /nowhere: there is no such/,
    ],
    [["a.manifest.json"], /the sheet is of 'colours', which is not here; give it with --network/],
  ])("judge %o is refused", async (words, message) => {
    const placed = words.map((word) => (word.startsWith("--") ? word : file(word)));
    const noticed = await run("judge", ...placed);
    expect(noticed.code).toBe(2);
    expect(noticed.stderr).toMatch(message);
    expect(noticed.stdout).toBe("");
  });

  test("a judge that overflows sees nothing, and recognises nothing", async () => {
    // roots of what is dark are no numbers
    const root = node("Sqrt", "logits", "roots");
    const roots = sketch({
      ...ofColours,
      nodes: [...ofColours.nodes, root],
      outputs: ["roots"],
    });
    await writeFile(file("roots.onnx"), writeModel(roots, 18));
    const words = ["--by", file("roots.onnx"), "--labels", file("labels.txt")];
    const problem = "its outputs are not finite";
    expect(await jsonOf(...words)).toMatchObject({
      judgement: {
        judged: 0,
        left: 5,
        top1: 0,
        recognised: false,
        pictures: [{ channel: 1, problem }, { channel: 2, problem }, {}, {}, {}],
      },
    });
  });

  test("a network that the sheet cannot be of is refused", async () => {
    const narrow = sketch({
      ...ofColours,
      initializers: { w: floatTensor([2, 3], [1, 0, 0, 0, 1, 0]) },
    });
    await writeFile(file("narrow.onnx"), writeModel(narrow, 18));
    const words = ["judge", file("a.manifest.json"), "--network"];
    await expectRefused(
      folder,
      [...words, file("narrow.onnx")],
      /--network: layer 'logits' of 'narrow' has 2 channels; the sheet has a picture of channel 3/,
    );
  });

  test("a network of an id, too, has to see what the sheet's pictures show", async () => {
    const grey = { name: "image", width: 10, height: 12, channelOrder: "planes", mean: [128] };
    const network = { id: "elsewhere", input: { ...grey, scale: [1] } };
    const manifest = { network, layer: { index: 3 }, tiles: [tile(1, "red")] };
    await writeFile(file("a.manifest.json"), JSON.stringify(manifest));
    const words = ["judge", file("a.manifest.json"), "--network", "emojinet"];
    await expectRefused(
      folder,
      words,
      /pictures are of one plane; the images of 'emojinet' have red/,
    );
  });

  test("a folder without photographs is refused in one line", async () => {
    await mkdir(file("empty"));
    const words = ["judge", file("a.manifest.json"), "--network", file("colours.onnx")];
    await expectRefused(folder, [...words, "--photos", file("empty")], /no PNG, JPEG or WebP/);
  });
});

describe("a sheet of a network of two planes", () => {
  const SIZE = { width: 10, height: 12 };
  const PIXELS = SIZE.width * SIZE.height;
  /** Channel 1 is the first plane, channel 2 twice the second, in 0..1. */
  const BANDS = sketch({
    inputs: { image: [1, 2, SIZE.height, SIZE.width] },
    nodes: [
      node("GlobalAveragePool", "image", "pool"),
      node("Flatten", "pool", "flat"),
      node("Gemm", "flat w", "logits", { transB: 1 }),
    ],
    outputs: ["logits"],
    initializers: { w: floatTensor([2, 2], [1, 0, 0, 2]) },
  });

  beforeEach(async () => {
    await writeFile(file("bands.onnx"), writeModel(BANDS, 18));
    const input = { name: "image", ...SIZE, channelOrder: "planes", mean: [0, 0] };
    const scale = [1 / 255, 1 / 255];
    await writeFile(
      file("b.manifest.json"),
      JSON.stringify({
        network: { id: "bands-1234", input: { ...input, scale } },
        layer: { index: 3 },
        tiles: [tile(1, "first"), tile(2, "second")],
      }),
    );
    await mkdir(file("b.tiles"));
    for (const [i, values] of [
      [204, 51],
      [102, 153],
    ].entries()) {
      const data = Float32Array.from({ length: 2 * PIXELS }, (_, k) => values[k < PIXELS ? 0 : 1]!);
      const picture = pictureOf({ ...SIZE, data }, "planes", (value) => value);
      await writeFile(file(`b.tiles/0000${i + 1}.png`), await encodePng(picture));
    }
  });

  test("is seen plane by plane, with the pixels that its manifest says", async () => {
    const words = ["--network", file("bands.onnx"), "--json"];
    const { code, stdout, stderr } = await run("judge", file("b.manifest.json"), ...words);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(JSON.parse(stdout)).toMatchObject({
      comparison: {
        firstAmongOthers: 1,
        pictures: [
          { channel: 1, activation: expect.closeTo(0.8, 5) as number },
          { channel: 2, activation: expect.closeTo(1.2, 5) as number },
        ],
      },
    });
  });

  test.each([
    [["--network", "bands.onnx", "--photos", "photos"], /2 planes that are no colours/],
    [["--by", "colours.onnx", "--labels", "labels.txt"], /2 planes side by side/],
    [["--network", "colours.onnx"], /2 planes that are no colours; .* 'colours' have red/],
  ])("is not compared with photographs, nor judged by others: %j", async (words, message) => {
    const given = words.map((word) => (word.startsWith("--") ? word : file(word)));
    await expectRefused(folder, ["judge", file("b.manifest.json"), ...given], message);
  });
});
