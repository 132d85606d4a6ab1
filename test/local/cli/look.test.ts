import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "vitest";

import { networkFolders } from "../../../lib/networks/folders.ts";
import { openNetwork } from "../../../lib/networks/registry.ts";
import { analyseNetwork } from "../../../lib/pipeline/networks/analyse-network.ts";
import { parseRequest } from "../../../lib/pipeline/request/request.ts";
import { resolveRequest } from "../../../lib/pipeline/request/resolve-request.ts";
import { firstLook } from "../../../local/cli/first-look.ts";
import { intsTensor } from "../../../lib/onnx/tensor.ts";
import { node, sketch, writeModel } from "../../support/onnx-writer.ts";
import { normal } from "../../support/random.ts";
import { run } from "./command-line.ts";
import { makeModels } from "./models-on-disk.ts";

const folder = await makeModels();

const open = async (idOrPath: string) =>
  analyseNetwork(await openNetwork(idOrPath, networkFolders({})));

test("of a deep network it is an early layer, two of the middle and the classes, not their softmax", async () => {
  const look = firstLook(await open("emojinet"), 2);
  expect(look.map(({ layer }) => layer.name)).toEqual([
    "conv1-7x7_s2",
    expect.stringMatching(/^inception_4[abc]/),
    expect.stringMatching(/^inception_4[de]|^inception_5a/),
    "loss3-classifier",
  ]);
  expect(look.map(({ fields }) => fields["preset"] ?? fields["method"])).toEqual([
    "deepdream",
    "channels",
    "channels",
    "ellipses",
  ]);
  // the network's own recipe
  expect(look.at(-1)!.fields).toMatchObject({ cropSize: [128, 128], ellipses: 128 });
  for (const { layer, channels } of look) {
    expect(channels).toEqual([...new Set(channels)].toSorted((a, b) => a - b));
    expect(channels.length).toBeGreaterThanOrEqual(2);
    // from both halves, and none beyond the ends
    expect(channels[0]).toBeGreaterThanOrEqual(1);
    expect(channels[0]).toBeLessThanOrEqual(layer.channels / 2);
    expect(channels.at(-1)).toBeGreaterThan(layer.channels / 2);
    expect(channels.at(-1)).toBeLessThanOrEqual(layer.channels);
  }
  const seconds = (cores: number, some: typeof look) =>
    some.reduce((sum, { coreSeconds }) => sum + coreSeconds, 0) / cores;
  expect(seconds(2, look)).toBeLessThan(60);
});

test("more cores draw more, and one core no less than two images of each", async () => {
  const network = await open("emojinet");
  const count = (cores: number) =>
    firstLook(network, cores).reduce((sum, { channels }) => sum + channels.length, 0);
  expect(count(32)).toBeGreaterThan(count(1));
  expect(count(1)).toBeGreaterThanOrEqual(8);
});

test("a network too large for the time is drawn in fewer iterations", async () => {
  const path = join(folder, "heavy.onnx");
  const nodes = [node("Conv", "image w", "a", { pads: [3, 3, 3, 3] }), node("Conv", "a v", "b")];
  const initializers = { w: normal([600, 3, 7, 7], 1), v: normal([40, 600, 5, 5], 2) };
  const inputs = { image: [1, 3, 700, 700] };
  await writeFile(path, writeModel(sketch({ inputs, nodes, outputs: ["b"], initializers }), 18));
  const look = firstLook(await open(path), 1);
  const [last] = look.slice(-1);
  expect(last!.layer.name).toBe("b");
  expect(last!.channels).toHaveLength(2);
  expect(last!.fields["numIterations"]).toBeGreaterThanOrEqual(16);
  expect(last!.fields["numIterations"]).toBeLessThan(64);
});

test("of tokens a layer takes what its products take, however many channels each has", async () => {
  const path = join(folder, "tokens.onnx");
  const nodes = [
    node("Conv", "image w", "patches", { strides: [4, 4] }),
    node("Reshape", "patches flat", "rows"),
    node("Transpose", "rows", "tokens", { perm: [0, 2, 1] }),
    node("MatMul", "tokens v", "mixed"),
  ];
  const initializers = {
    w: normal([1024, 3, 4, 4], 1),
    flat: intsTensor([0, 0, -1]),
    v: normal([1024, 1024], 2),
  };
  const inputs = { image: [1, 3, 32, 32] };
  await writeFile(
    path,
    writeModel(sketch({ inputs, nodes, outputs: ["mixed"], initializers }), 18),
  );
  const mixed = firstLook(await open(path), 1).at(-1)!;
  expect(mixed.layer.name).toBe("mixed");
  // 64 tokens of 2 x 1,024^2 operations, there and back, 64 times: a quarter of a second
  expect(mixed.channels).toHaveLength(16);
});

test("of several ends it sees the one whose classes have names, or else the last", async () => {
  const path = join(folder, "ends.onnx");
  const nodes = [
    node("Conv", "image w", "maps"),
    node("Relu", "maps", "relu"),
    node("ReduceMean", "relu", "means", { axes: [2, 3], keepdims: 0 }),
    node("Gemm", "means kinds", "kind"),
    node("Gemm", "means ages", "age"),
  ];
  const initializers = {
    w: normal([6, 3, 3, 3], 1),
    kinds: normal([6, 5], 2),
    ages: normal([6, 2], 3),
  };
  const inputs = { image: [1, 3, 16, 16] };
  const graph = sketch({ inputs, nodes, outputs: ["kind", "age"], initializers });
  await writeFile(path, writeModel(graph, 17));
  const network = await open(path);
  const named = { ...network, labels: ["ant", "bee", "cow", "dog", "elk"] };
  const seen = [named, network].map((each) => firstLook(each, 2).at(-1)!.layer.name);
  expect(seen).toEqual(["kind", "age"]);
});

/** Two blocks of a transformer, as exporters write them, on 16 tokens of 6 channels. */
function transformer(activation: string): Uint8Array {
  const mixings: Readonly<Record<string, number>> = { q: 6, k: 6, v: 6, o: 6, up: 12, down: 12 };
  const weights = [0, 1].flatMap((block) =>
    Object.entries(mixings).map(([name, rows], i) => {
      const columns = name === "up" ? 12 : 6;
      const shape = [name === "up" ? 6 : rows, columns];
      return [`${name}${block}.w`, normal(shape, 10 * block + i)] as const;
    }),
  );
  const block = (i: number, tokens: string) => [
    ...["q", "k", "v"].map((name) => node("MatMul", `${tokens} ${name}${i}.w`, `${name}${i}`)),
    node("Transpose", `k${i}`, `kt${i}`, { perm: [0, 2, 1] }),
    node("MatMul", `q${i} kt${i}`, `match${i}`),
    node("Softmax", `match${i}`, `share${i}`, { axis: -1 }),
    node("MatMul", `share${i} v${i}`, `seen${i}`),
    node("MatMul", `seen${i} o${i}.w`, `o${i}`),
    node("Add", `${tokens} o${i}`, `attended${i}`),
    node("MatMul", `attended${i} up${i}.w`, `up${i}`),
    node("Add", `up${i} bias`, `biased${i}`),
    node(activation, `biased${i}`, `bent${i}`),
    node("MatMul", `bent${i} down${i}.w`, `down${i}`),
    node("Add", `attended${i} down${i}`, `tokens${i + 1}`),
  ];
  const nodes = [
    node("Conv", "image w", "patches", { strides: [4, 4] }),
    node("Reshape", "patches flat", "rows"),
    node("Transpose", "rows", "tokens0", { perm: [0, 2, 1] }),
    ...block(0, "tokens0"),
    ...block(1, "tokens1"),
    node("ReduceMean", "tokens2", "mean", { axes: [1], keepdims: 0 }),
    node("Gemm", "mean head", "logits"),
  ];
  const initializers = {
    w: normal([6, 3, 4, 4], 1),
    flat: intsTensor([0, 0, -1]),
    bias: normal([12], 2),
    head: normal([6, 5], 3),
    ...Object.fromEntries(weights),
  };
  const inputs = { image: [1, 3, 16, 16] };
  return writeModel(sketch({ inputs, nodes, outputs: ["logits"], initializers }), 17);
}

test.each([
  ["Tanh", ["patches", "up0", "up1", "logits"]],
  ["Erf", ["patches", "up0", "up1", "logits"]],
  // without an activation function no layer is before another
  ["Identity", ["patches", "up0", "v1", "logits"]],
])("of a transformer's middle it is what goes through %s", async (activation, layers) => {
  const path = join(folder, `transformer-${activation}.onnx`);
  await writeFile(path, transformer(activation));
  expect(firstLook(await open(path), 2).map(({ layer }) => layer.name)).toEqual(layers);
});

test("a layer whose own recipe it cannot be drawn in is seen all the same, and its request refused", async () => {
  const network = await open(join(folder, "good.onnx"));
  const recipes = { whole: { method: "fourier", cropSize: 3 } };
  const own = { ...network, description: { ...network.description, recipes } };
  const { layer, channels, fields } = firstLook(own, 2).at(-1)!;
  expect([layer.name, fields["cropSize"]]).toEqual(["logits", [3, 3]]);
  const request = parseRequest({ network: "good", layer: layer.index, channels, ...fields });
  await expect(resolveRequest(request, own, null)).rejects.toThrow(/^cropSize: /);
});

test("a small network has fewer layers to see", async () => {
  const network = await open(join(folder, "good.onnx"));
  expect(firstLook(network, 2).map(({ layer }) => layer.name)).toEqual([
    "conv1",
    "conv2",
    "logits",
  ]);
  const none = { ...network, problems: new Map(network.layers.map(({ index }) => [index, "no"])) };
  expect(firstLook(none, 2)).toEqual([]);
});

test("an activation with slopes of its own is no layer to see beside its convolution", async () => {
  const path = join(folder, "slopes.onnx");
  const nodes = [
    node("Conv", "image w", "a"),
    node("PRelu", "a s", "b"),
    node("Conv", "b v", "c"),
    node("PRelu", "c t", "d"),
  ];
  const initializers = {
    w: normal([5, 3, 3, 3], 1),
    s: normal([5, 1, 1], 2),
    v: normal([6, 5, 3, 3], 3),
    t: normal([6, 1, 1], 4),
  };
  const inputs = { image: [1, 3, 20, 18] };
  await writeFile(path, writeModel(sketch({ inputs, nodes, outputs: ["d"], initializers }), 18));
  expect(firstLook(await open(path), 2).map(({ layer }) => layer.name)).toEqual(["a", "c"]);
});

test("dreamgrid NETWORK draws a first look and says what it chose", async () => {
  await mkdir(join(folder, "look"));
  const out = join(folder, "look");
  const { code, stdout, stderr } = await run(join(folder, "good.onnx"), "--out", out);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(stderr).toMatch(
    /^good: 3 of \d+ layers, .*conv1 \(5 of 5 channels, deepdream\).*about \d+ s/m,
  );
  expect(stdout.trim().split("\n")).toHaveLength(3);
  const files = await readdir(out);
  for (const layer of ["conv1", "conv2", "logits"]) expect(files).toContain(`good-${layer}.png`);
  expect(await readFile(join(out, "index.html"), "utf8")).toContain("good-logits.tiles/");
});

test.each([
  [
    ["emojinett"],
    /unknown command 'emojinett', and no network is called so; did you mean 'emojinet'/,
  ],
  [["analyse", "emojinet"], /unknown command 'analyse'.*did you mean 'analyze'\?/],
  [[import.meta.dirname], /cli is a folder; give the path of the \.onnx file in it/],
  [["zzzzzzzzzzzzzzzzz"], /unknown command.*give a command, the id of a network, or the path/],
  [["missing.onnx"], /missing\.onnx/],
  [["emojinet", "googlenet"], /look takes one network; given 2/],
  [["emojinet", "--layer", "conv3"], /unknown option '--layer' \(dream has it\)/],
])("%j is refused in one line", async (words, message) => {
  const { code, stdout, stderr } = await run(...words);
  expect(stderr).toMatch(/^dreamgrid: [^\n]+\n$/);
  expect(stderr).toMatch(message);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
});

test("without a word it is helped, and told that something is missing", async () => {
  const { code, stdout, stderr } = await run();
  expect(stderr).toContain("Usage: dreamgrid [options] <network | command>");
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
});

test("a dry run says what it would be, and draws nothing", async () => {
  const out = join(folder, "looked-dry");
  const { stdout, stderr } = await run("emojinet", "--dry-run", "--threads", "2", "--out", out);
  expect(stdout.match(/ images: channels /g)).toHaveLength(4);
  expect(stdout).toMatch(/^4 sheets, \d+ images; about .* of one core/m);
  expect(stderr).toContain("emojinet: 4 of 143 layers, each drawn as suits it");
  await expect(readdir(out)).rejects.toThrow("ENOENT");
});
