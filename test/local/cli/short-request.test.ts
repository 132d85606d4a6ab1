import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "vitest";

import { decodeNpy } from "../../../lib/image/npy.ts";
import { decodeImage } from "../../../lib/image/png.ts";
import { completeRequestSchema } from "../../../lib/pipeline/request/complete-request.ts";
import { localRequestSchema } from "../../../lib/pipeline/request/request.ts";
import { requestOptions } from "../../../local/cli/request-options.ts";
import { sheetNames, shortRequest } from "../../../local/cli/short-request.ts";
import { createTerminal } from "../../../local/cli/terminal.ts";
import { tinyNetwork } from "../../support/tiny-network.ts";
import { expectRefused, run } from "./command-line.ts";
import { makeModels } from "./models-on-disk.ts";

const folder = await makeModels();

const dream = (...words: readonly string[]) => {
  const last = ["--num-iterations", "2", "--verbose", "false", "--out", join(folder, "out")];
  return ["dream", join(folder, "good.onnx"), ...words, ...last];
};

async function manifestOf(layer: string) {
  const json = await readFile(join(folder, "out", `good-${layer}.manifest.json`), "utf8");
  return JSON.parse(json) as { readonly request: unknown; readonly presetForm: unknown };
}

const drawn = async (layer: string) =>
  completeRequestSchema.parse((await manifestOf(layer)).request);

test("sheets of layers whose names look the same to a file system have names of their own", () => {
  const names = ["n\u00e9", "ne\u0301", "Conv", "conv", "a:b", "a_b"];
  const layers = names.map((name, i) => ({ name, index: i + 2 }));
  const found = sheetNames("models/net.onnx", layers);
  expect(found).toEqual([
    "net-n\u00e9",
    "net-n\u00e9-3",
    "net-Conv",
    "net-conv-5",
    "net-a_b",
    "net-a_b-7",
  ]);
});

test("a sheet's name keeps letters of any script, and no space, sign or mark that is not seen", () => {
  const names = ["\u5757/\u4e00", "\u5757/\u4e8c", "a b\u3000c", "\u202ea", "\u0915\u094d\u0937"];
  const layers = names.map((name, i) => ({ name, index: i + 2 }));
  expect(sheetNames("\u732b.onnx", layers)).toEqual([
    "\u732b-\u5757_\u4e00",
    "\u732b-\u5757_\u4e8c",
    "\u732b-a_b_c",
    "\u732b-_a",
    "\u732b-\u0915\u094d\u0937",
  ]);
});

test("a name of other letters than Latin ones is cut to as many bytes, at whole letters", () => {
  const name = `${"\u5757".repeat(90)}${"\u{20bb7}".repeat(40)}x`;
  const [found = ""] = sheetNames("net.onnx", [{ name, index: 2 }]);
  // 4 + 56 of 60 bytes, and of 139 as many letters of 4 bytes as fit beside the last
  expect(found).toBe(`net-${"\u5757".repeat(18)}_${"\u{20bb7}".repeat(34)}x`);
  expect(Buffer.byteLength(found)).toBe(196);
});

test("a layer's name that no file could have is cut in its middle", () => {
  const [first, second] = ["1.conv", "2.conv"].map((end) => `${"module.".repeat(60)}${end}`);
  const layers = [first!, second!].map((name, i) => ({ name, index: i + 2 }));
  const found = sheetNames("models/net.onnx", layers);
  expect(found.map((name) => name.length)).toEqual([200, 200]);
  expect(found.map((name) => name.slice(-9))).toEqual(["le.1.conv", "le.2.conv"]);
  expect(found[0]!.startsWith("net-module.module.")).toBe(true);
});

const quiet = (env: Record<string, string> = {}) =>
  createTerminal({
    env: { DREAMGRID_CACHE: "/nonexistent/cache", ...env },
    stdout: { write: () => undefined },
    stderr: { write: () => undefined },
  });

test.each([
  [
    "conv1",
    { method: "deepdream", objective: "rectified", montage: { labels: "numbers" } },
    null,
    "method deepdream, as",
  ],
  [
    "conv2",
    { method: "fourier", saturation: 1.3 },
    "channels",
    "method fourier, preset channels, as",
  ],
  ["logits", { method: "fourier", saturation: 1 }, "natural", "method fourier, preset natural, as"],
])("%s is drawn as suits it, and it is told how", async (layer, wanted, preset, told) => {
  const { code, stderr } = await run(...dream("--layer", layer));
  expect(stderr).toContain(`good-${layer}: ${told} layer '${layer}'`);
  expect(code).toBe(0);
  expect(await drawn(layer)).toMatchObject({ ...wanted, numIterations: 2 });
  const { presetForm } = await manifestOf(layer);
  expect(presetForm).toEqual(preset && { preset, numIterations: 2 });
});

test.each([
  ["conv2", { pyramidLevels: "2" }, { method: "deepdream", pyramidLevels: 2 }],
  ["conv1", { rotation: "5" }, { method: "fourier", preset: "channels" }],
])("of %s, %j says the method where the layer would say another", async (layer, flags, wanted) => {
  const { request } = await shortRequest([join(folder, "good.onnx")], { layer, ...flags }, quiet());
  expect(request).toMatchObject(wanted);
});

test.each([
  [[], "160x160 pixels, 300 iterations", /: method fourier, the network's own recipe, as layer/],
  [["--method", "fourier"], "160x160 pixels, 300 iterations", /the network's own recipe/],
  [["--preset", "natural"], "320x320 pixels, 96 iterations", /^$/],
  [["--method", "deepdream"], "440x440 pixels, 30 iterations", /^$/],
])("a network's own recipe with %j", async (words, size, notice) => {
  const what = ["dream", "emojinet", "--layer", "loss3-classifier", "--channels", "snail"];
  const { code, stdout, stderr } = await run(...what, ...words, "--dry-run");
  expect([code, stdout]).toEqual([0, expect.stringContaining(size)]);
  expect(stderr).toMatch(notice);
});

test("a network's own recipe goes with targets that are no maps, and keeps what is not given", async () => {
  const recipe = { cropFraction: { end: [0.75, 1] }, contrast: 1, totalVariation: 60 };
  await tinyNetwork(folder, { recipes: { whole: { method: "fourier", ...recipe } } });
  const terminal = quiet({ DREAMGRID_MODELS: folder });
  const requestOf = async (flags: object) =>
    (await shortRequest(["tiny"], { layer: "classes", ...flags }, terminal)).request;
  const own = { cropFraction: { start: [0.8, 1], end: [0.75, 1] }, contrast: 1 };
  expect(await requestOf({ cropFractionStart: "0.8,1" })).toMatchObject(own);
  const drawnOf = async (...targets: object[]) => requestOf({ targets: JSON.stringify(targets) });
  const [map, layer] = [{ channels: { "1": 1, "2": -1 } }, { layer: true }];
  expect(await drawnOf(layer, map)).toMatchObject({ contrast: 1, totalVariation: 60 });
  const without = await drawnOf(layer);
  expect(without).toMatchObject({ totalVariation: 60 });
  expect(without).not.toHaveProperty("contrast");
});

test.each([
  [{}, "numbers", null],
  [{ title: "edges" }, "numbers", "edges"],
  [{ labels: "[]" }, [], null],
  [{ labels: '["a"]' }, ["a"], null],
  // like MATLAB's
  [{ method: "deepdream" }, null, null],
  [{ method: "fourier" }, null, null],
])("an early layer's sheet with %j", async (flags, labels, title) => {
  const given = { layer: "conv1", channels: ["1"], ...flags };
  const { request } = await shortRequest([join(folder, "good.onnx")], given, quiet());
  expect(request.montage).toMatchObject({ labels, title });
});

test("what is given takes the place of what follows from the layer", async () => {
  const given = dream("--layer", "2", "--channels", "1:2,4", "5", "--preset", "vivid");
  const ascent = ["--canvas-size", "24,16", "--crop-fraction-end", "0.5,0.8"];
  const sheet = ["--grid-size", "1,null", "--background-color", "white", "--title", "7"];
  const words = [...given, ...ascent, "--output-scaling", "none", ...sheet];
  const { code, stderr } = await run(...words);
  expect(stderr).not.toContain("--preset choose");
  expect(code).toBe(0);
  expect(await drawn("conv1")).toMatchObject({
    method: "fourier",
    channels: [1, 2, 4, 5],
    canvasSize: [24, 16],
    cropFraction: { start: [0.9, 1.05], end: [0.5, 0.8] },
    saturation: 1.3,
    outputScaling: "none",
    montage: { title: "7", gridSize: [1, null], backgroundColor: "white" },
  });
});

test("--targets takes the place of the channels", async () => {
  const targets = [{ channels: { "1": 1, "2": -0.5 } }, { layer: true }];
  const words = ["--layer", "conv2", "--targets", JSON.stringify(targets)];
  const { code } = await run(...dream(...words, "--canvas-size", "16"));
  expect(code).toBe(0);
  const request = await drawn("conv2");
  expect([request.targets, request.channels]).toEqual([targets, undefined]);
});

test("--channel-axis draws the layer's columns in place of its channels", async () => {
  const words = ["--layer", "conv1", "--channel-axis", "3", "--channels", "2"];
  const { code, stderr } = await run(...dream(...words, "--pyramid-levels", "1"));
  expect([code, stderr]).toEqual([0, expect.not.stringContaining("not rendered")]);
  expect(await drawn("conv1")).toMatchObject({ channelAxis: 3, channels: [2] });
  const tiles = await readdir(join(folder, "out", "good-conv1.tiles"));
  expect(tiles).toEqual(["00002.png"]);
  // a larger image has more columns
  const larger = dream(...words, "--pyramid-levels", "2");
  await expectRefused(folder, larger, /channelAxis: axis 3 .* is 10 long .*, and 14 at 14x17/);
});

test("a Fourier image is shown as it is, in colours from 0 to 255", async () => {
  const words = ["--layer", "conv2", "--channels", "3", "--output-scaling", "none", "--seed", "4"];
  expect((await run(...dream(...words))).code).toBe(0);
  const tile = join(folder, "out", "good-conv2.tiles", "00003");
  const { shape, data } = decodeNpy(await readFile(`${tile}.npy`));
  const shown = await decodeImage(await readFile(`${tile}.png`));
  expect([shape, shown.width, shown.height]).toEqual([[3, 18, 16], 16, 18]);
  const pixels = 18 * 16;
  const rounded = shown.data.map((_, i) => Math.round(data[(i % 3) * pixels + Math.floor(i / 3)]!));
  expect(shown.data).toEqual(rounded);
  // noise of a small deviation lies around mid-grey: it is neither centred on zero nor stretched
  expect(Math.min(...data)).toBeGreaterThan(30);
  expect(Math.max(...data)).toBeLessThan(225);
});

test.each([
  [
    ["--layer", "conv2", "--pyramid-levels", "2", "--rotation", "5"],
    /pyramidLevels: belongs to method "deepdream"/,
  ],
  [
    ["--layer", "conv2", "--channels", "1", "--targets", '[{"layer":true}]'],
    /targets: .* wanted either channels or targets/,
  ],
  [["--layer", "conv9"], /there is no layer 'conv9'.*did you mean/],
  [["--layer", "conv2", "--rotation", "wild"], /rotation: given "wild"; wanted a number/],
  [["--layer", "conv2", "--preset", "vivd"], /preset: given "vivd"; wanted one of "natural", /],
  [["--layer", "conv2", "--channel-axis", "4"], /channelAxis: given 4; wanted one of 1 to 3/],
  [["--layer", "conv2", "--channel-axis", "x"], /channelAxis: given "x"; wanted a number/],
  [["--layer", "conv2", "--canvas-size", "0"], /canvasSize: given 0; wanted at least 1/],
  [["--layer", "conv2", "--channels", "tiger"], /'tiger'; the class names of 'good' are not known/],
  [["--layer", "conv2", "--labels", "a,b"], /labels: given "a,b"; wanted .* \["one", "two"\]/],
  [["--layer", "conv2", "--labels", "a", "b"], /one network, .* given 2: .*good\.onnx, b\n$/],
  [["--layer", "conv2", "--targets", "[{channel:3}]"], /targets: given .*, which is not JSON: /],
  [["--saturation", "2"], /^dreamgrid: \w+: given without --layer/],
])("%j is refused", async (words, message) => {
  await expectRefused(folder, dream(...words), message);
});

test("a network that stands among the channels is told to stand before them", async () => {
  const words = ["dream", "--layer", "conv2", "--channels", "1", "2", join(folder, "good.onnx")];
  const message = /given 0, as all words after --channels are channels: name the network before it/;
  await expectRefused(folder, words, message);
  await expectRefused(folder, words.slice(0, 3), /takes one network, .* given 0\n/);
  const alone = ["dream", join(folder, "good.onnx")];
  await expectRefused(folder, alone, /good\.onnx: it is no request; say which layer .* --layer/);
});

test("every field but the long ones has an option with a description", () => {
  const options = new Map(requestOptions().map((option) => [option.attributeName(), option]));
  const elsewhere = new Set([
    "network",
    "layer",
    "channels",
    "montage",
    "cropFraction",
    "animation",
    "$schema",
  ]);
  const fields = localRequestSchema.options.flatMap(({ shape }) => Object.keys(shape));
  const wanted = fields.filter((field) => !elsewhere.has(field));
  expect([...options.keys()]).toEqual(expect.arrayContaining(wanted));
  const undescribed = [...options.values()].filter(({ description }) => description.length < 10);
  expect(undescribed).toEqual([]);
  expect(options.get("learningRate")?.description).toContain("more than 0, up to 10");
  expect(options.get("objective")?.description).toContain(
    'default: "rectified" with deepdream, "mean" with fourier',
  );
});

test("an image in ellipses comes with its SVG document", async () => {
  const words = ["--layer", "conv2", "--channels", "3", "--method", "fourier", "--ellipses", "2"];
  const { stdout } = await run(...dream(...words, "--json"));
  const path = join(folder, "out", "good-conv2.tiles", "00003.svg");
  expect(stdout).toContain(`"svg":"${path}"`);
  expect(await readFile(path, "utf8")).toMatch(/^<svg xmlns[^]+<\/svg>\n$/);
});

test("options of fields that take few words have them as choices, those of numbers have none", () => {
  const options = new Map(requestOptions().map((option) => [option.attributeName(), option]));
  const choices = (name: string) => options.get(name)?.argChoices;
  expect(choices("method")).toEqual(["deepdream", "fourier"]);
  expect(choices("outputScaling")).toEqual(["clipped", "linear", "none"]);
  expect(choices("verbose")).toEqual(["true", "false"]);
  expect([choices("seed"), choices("title"), choices("gridSize")]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

test("the sheet's options stand together, behind those of either method", () => {
  const headings = requestOptions().map((option) => option.helpGroupHeading);
  expect([...new Set(headings)]).toEqual([
    "Whatever the method:",
    "Method deepdream:",
    "Method fourier:",
    "The sheet:",
  ]);
});

test("--verbose by itself is true, and leaves the option behind it alone", async () => {
  const words = ["dream", join(folder, "good.onnx"), "--layer", "conv2", "--verbose", "--dry-run"];
  const { code, stdout } = await run(...words);
  expect([code, stdout]).toEqual([0, expect.stringContaining("good-conv2.png")]);
});
