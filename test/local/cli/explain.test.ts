import { copyFile, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "vitest";

import { decodeNpy } from "../../../lib/image/npy.ts";
import { encodePng } from "../../../lib/image/png.ts";
import type { Raster } from "../../../lib/image/raster.ts";
import { readPicture } from "../../../lib/image/user-file.ts";
import { floatTensor, intsTensor } from "../../../lib/onnx/tensor.ts";
import { node, sketch, writeModel } from "../../support/onnx-writer.ts";
import { normal } from "../../support/random.ts";
import { CLASS_NAMES, tinyNetwork } from "../../support/tiny-network.ts";
import { expectRefused, run } from "./command-line.ts";
import { makeModels } from "./models-on-disk.ts";

const folder = await makeModels();
await tinyNetwork(folder);
const tiny = join(folder, "tiny/tiny.onnx");

/** Twice as wide as the network's images, of all colours. */
const photo = join(folder, "photo.png");
const pixels = normal([30 * 48 * 3], 7).data;
const raster: Raster = {
  width: 48,
  height: 30,
  data: Uint8Array.from(pixels, (x) => 128 + 50 * x),
};
await writeFile(photo, await encodePng(raster));

type Numbers = Readonly<Record<string, number>>;

const explain = (...words: string[]) => run("explain", tiny, photo, ...words);

test("a class's score is shared out, and the channels that speak for it are drawn", async () => {
  const out = join(folder, "explained");
  const words = "--top 3 --pixels --steps 4 --json --out".split(" ");
  const { code, stdout } = await explain(...words, out);
  expect(code).toBe(0);
  const events = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  const [{ kind, class: seen, seen: most, layer, channels, places, mapSize, ...more }] = events;
  expect([kind, layer.index]).toEqual(["explanation", 3]);
  // what the network sees most, unless one is named
  expect(seen).toEqual(most[0]);
  const probabilities = most.map(({ probability }: Numbers) => probability);
  expect(probabilities).toEqual(probabilities.toSorted((a: number, b: number) => b - a));
  expect(places).toHaveLength(mapSize[0] * mapSize[1]);
  const top = channels.slice(0, 3).filter(({ contribution }: Numbers) => contribution! > 0);
  const drawn = events.filter((event) => event.kind === "channel");
  const numbers = (some: readonly Numbers[]) => new Set(some.map(({ channel }) => channel));
  expect(numbers(drawn)).toEqual(numbers(top));
  const [file] = (await readdir(out)).filter((name) => name.endsWith(".explanation.png"));
  const sheet = await readPicture(join(out, file!));
  // the photograph, its pixels and three pictures in a row, and where each speaks below
  expect(sheet.width).toBe((2 + top.length) * (224 + 2 * 2));
  const [numbersFile] = (await readdir(out)).filter((name) => name.endsWith(".pixels.npy"));
  const { shape, data } = decodeNpy(await readFile(join(out, numbersFile!)));
  expect(shape).toEqual([3, 16, 20]);
  const sum = data.reduce((all, value) => all + value, 0);
  expect(sum).toBeCloseTo(more.pixels.contributed, 4);
});

test("for whichever class is named, among the channels of whichever layer", async () => {
  // as long as a file's name may be
  const named = join(folder, `${"photo".repeat(50)}.png`);
  await copyFile(photo, named);
  const words = ["--class", "Zebra", "--layer", "wide", "--dry-run"];
  const { code, stdout } = await run("explain", tiny, named, ...words);
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /^(?:photo){50}\.png: the network sees \w+ [\d.]+ %, \w+ [\d.]+ %, \w+ [\d.]+ %$/m,
  );
  expect(stdout).toMatch(/^zebra: score -?[\d.]+, of which the 7 channels of 'wide' contribute /m);
});

test("by itself it looks at the last map of an image whose channels are no classes yet", async () => {
  const path = join(folder, "net.onnx");
  const inputs = { image: [1, 3, 24, 24] };
  const initializers = {
    w: normal([4, 3, 2, 2], 1),
    v: normal([5, 4, 1, 1], 2),
    ages: normal([2, 4, 1, 1], 5),
    gains: normal([1728], 3),
    gain: floatTensor([4, 1, 1], [1, 1, 1, 1]),
    by_class: normal([1728, 5], 4),
  };
  const nodes = [
    node("Conv", "image w", "maps", { strides: [2, 2] }),
    node("Relu", "maps", "relu"),
    // as attention has them
    node("Reshape", "relu to_tokens", "tokens"),
    node("Transpose", "tokens", "turned", { perm: [0, 1, 3, 2] }),
    node("MatMul", "tokens turned", "by_tokens"),
    node("ReduceMean", "by_tokens sides", "attention", { keepdims: 1 }),
    node("Mul", "relu attention", "weighed"),
    node("Conv", "weighed v", "class_maps"),
    node("Relu", "class_maps", "class_relu"),
    node("GlobalAveragePool", "class_relu", "means"),
    node("Flatten", "means", "logits"),
    node("Softmax", "logits", "prob"),
  ];
  const sides = { to_tokens: intsTensor([0, 4, 9, 16]), sides: intsTensor([2, 3]) };
  const write = async (output: string, graphNodes = nodes) => {
    const all = { ...initializers, ...sides };
    const graph = sketch({
      inputs,
      nodes: graphNodes,
      outputs: output.split(" "),
      initializers: all,
    });
    await writeFile(path, writeModel(graph, 18));
    return run("explain", path, photo, "--dry-run");
  };
  expect((await write("prob")).stdout).toMatch(/the 4 channels of 'weighed'/);
  // attention comes last, in no more places than the image has
  const attentive = [
    ...nodes.slice(0, 5),
    node("GlobalAveragePool", "by_tokens", "means"),
    node("Conv", "means v", "logits"),
  ];
  const { stdout: ofRelu, stderr: noted } = await write("logits", attentive);
  expect(ofRelu).toMatch(/the 4 channels of 'relu'/);
  // of several ends it takes the last, and says so
  const ages = [...attentive, node("Conv", "means ages", "age")];
  const ends = /net ends in 'logits' and 'age': the classes are those of 'age', the last/;
  expect((await write("logits age", ages)).stderr).toMatch(ends);
  expect(noted).not.toContain("ends in");
  // what is normalised is as large whatever it was
  const mean = node("GlobalAveragePool", "relu", "means");
  const normed = node("LayerNormalization", "means gain", "normed", { axis: 1 });
  const scaled = [nodes[0]!, nodes[1]!, mean, normed, node("Conv", "normed v", "logits")];
  const cancel = /contributions of all channels of 'relu' cancel/;
  expect((await write("logits", scaled)).stdout).toMatch(cancel);
  expect(ofRelu).not.toMatch(cancel);
  // where nothing says something of the whole image
  const { code, stderr } = await write("class_relu", nodes.slice(0, 9));
  expect([code, stderr]).toEqual([2, expect.stringContaining("it does not end in classes")]);
  // where no layer has a map, or there is none at all
  const flat = node("Flatten", "image", "pixels");
  const readOut = (from: string) => node("Gemm", `${from} by_class`, "logits");
  const hidden = [flat, node("Mul", "pixels gains", "gained"), readOut("gained")];
  expect((await write("logits", hidden)).stderr).toMatch(
    /no layer before 'logits' has a map; name a layer, such as 'gained'/,
  );
  expect((await write("logits", [flat, readOut("pixels")])).stderr).toMatch(
    /there is no layer between the image and 'logits'/,
  );
  // where no gradient leads back from the classes
  const signs = { ...node("Sign", "class_relu", "signs"), name: "binarise" };
  const pooled = node("GlobalAveragePool", "signs", "means");
  const binary = await write("logits", [...nodes.slice(0, 9), signs, pooled, nodes[10]!]);
  expect(binary.stderr).toMatch(
    /layer 'means', cannot be explained: no gradient for Sign 'binarise': /,
  );
});

test.each([
  [
    ["--class", "zebu"],
    `class: given 'zebu'; no class is called 'zebu' among ${CLASS_NAMES.length}`,
  ],
  [["--class", "9"], "class: given 9; wanted channels 1 to 5 of layer 'classes'"],
  [["--class", "1:2"], "class: given '1:2'; wanted one channel of layer 'classes'"],
  [["--layer", "prob"], "layer: given prob; 'classes', which has the classes, does not come of it"],
  [
    ["--layer", "classes"],
    "layer: given classes; it has the classes itself; choose a layer before",
  ],
  [["--layer", "wode"], "there is no layer 'wode'"],
  [["--steps", "8"], "--steps: want --pixels"],
  [["--noise", "0"], "--noise: want --pixels"],
])("refused: %s", async (words, message) => {
  await expectRefused(folder, ["explain", tiny, photo, ...words, "--dry-run"], message);
});
