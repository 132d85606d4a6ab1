import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { encodeNpy } from "../../../lib/image/npy.ts";
import { decodeModel } from "../../../lib/onnx/decode.ts";
import { encodeModel } from "../../../lib/onnx/encode.ts";
import { withInputConstants } from "../../../lib/onnx/input-constants.ts";
import { floatTensor } from "../../../lib/onnx/tensor.ts";
import { temporaryFolder } from "../../networks/temporary-folder.ts";
import { node, sketch, writeModel } from "../../support/onnx-writer.ts";
import { runModel } from "../../support/operator-oracle.ts";
import { normal } from "../../support/random.ts";
import { expectRefused, run, runWith } from "./command-line.ts";

const [HEIGHT, WIDTH] = [10, 12];
const image = [1, 3, HEIGHT, WIDTH];

let folder = "";
const at = (file: string) => join(folder, file);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dreamgrid-inputs-"));
  const model = (inputs: Readonly<Record<string, readonly (number | null)[]>>) =>
    writeModel(
      sketch({
        inputs,
        nodes: [node("Mul", "image gain", "x"), node("Conv", "x w", "y")],
        outputs: ["y"],
        initializers: {
          w: normal([2, 3, 3, 3], 1),
          ...("gain" in inputs ? {} : { gain: floatTensor([], [1]) }),
        },
      }),
      17,
    );
  await writeFile(at("two.onnx"), model({ image, gain: [3, null, 1] }));
  await writeFile(at("pair.onnx"), model({ image, gain: [1, 3, HEIGHT, WIDTH] }));
  await writeFile(at("row.onnx"), model({ image: [1, 77] }));
  await writeFile(at("speech.onnx"), model({ image: [null, null], gain: [2, null, 3] }));
  await writeFile(at("one.onnx"), model({ image }));
  await writeFile(at("gain.npy"), encodeNpy([3, 1, 1], Float32Array.of(0.5, -2, 3)));
  await writeFile(at("flat.npy"), encodeNpy([3], Float32Array.of(0.5, -2, 3)));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe("inputs that are no image", () => {
  test.each<[string, readonly string[], RegExp]>([
    [
      "another input",
      ["two.onnx"],
      /besides its image 'image' it wants 'gain' float32 \[3, \?, 1\]; .*--input gain=/,
    ],
    ["two images", ["pair.onnx"], /'image' and 'gain' may each be it; .*--input NAME=VALUE$/m],
    ["two axes", ["row.onnx"], /'image' float32 \[1, 77\], of 2 axes/],
    [
      "speech beside the state of recurrent layers",
      ["speech.onnx"],
      /inputs are 'image' float32 \[\?, \?\], 'gain' float32 \[2, \?, 3\]; if it looks at images,/,
    ],
    [
      "another shape",
      ["two.onnx", "gain=flat.npy"],
      /'gain' .*value of shape \[3\], which does not fit/,
    ],
    ["no such input", ["two.onnx", "gian=gain.npy"], /no input 'gian'.*'gain' float32/],
    ["too few numbers", ["pair.onnx", "gain=1,2"], /'gain' .*given 2 values, want 360, or one/],
    ["numbers", ["two.onnx", "gain=1,,2"], /want finite numbers/],
    ["no such file", ["two.onnx", "gain=no.npy"], /no\.npy/],
    ["no .npy", ["two.onnx", "gain=two.onnx"], /two\.onnx: .*\.npy/],
    ["no name", ["two.onnx", "gain.npy"], /NAME=FILE\.npy/],
  ])("%s: refused in one line", async (_, [network = "", given], message) => {
    const [name, file] = given?.split("=") ?? [];
    const isFile = file !== undefined && /[a-z]/.test(file);
    const value = isFile ? `${name}=${at(file)}` : given;
    const words = value === undefined ? [] : ["--input", value];
    await expectRefused(folder, ["analyze", at(network), ...words], message);
  });

  test("a constant is part of the graph that is exported", async () => {
    const out = join(await temporaryFolder(), "graph.onnx");
    const words = ["--network", at("two.onnx"), "--layer", "y", "--out", out];
    const { code, stderr } = await run(
      "export-graph",
      ...words,
      "--input",
      `gain=${at("gain.npy")}`,
    );
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const [x, selection] = [normal(image, 2), floatTensor([1, 2], [0, 1])];
    const exported = await runModel(new Uint8Array(await readFile(out)), { image: x, selection });
    const whole = await runModel(await readFile(at("two.onnx")), {
      image: x,
      gain: floatTensor([3, 1, 1], [0.5, -2, 3]),
    });
    const { data } = whole["y"] as ReturnType<typeof normal>;
    const map = data.slice(data.length / 2);
    const mean = map.reduce((sum, value) => sum + value, 0) / map.length;
    const activation = exported["activation"] as ReturnType<typeof normal>;
    expect(activation.data[0]).toBeCloseTo(mean, 5);
  });

  test("a network that is added keeps its constants", async () => {
    const env = { DREAMGRID_CACHE: await temporaryFolder() };
    const words = ["models", "add", at("two.onnx"), "--id", "two", "--input"];
    expect((await runWith({ env }, ...words, "gain=2")).code).toBe(0);
    const { code, stdout } = await runWith({ env }, "analyze", "two", "--json");
    expect(code).toBe(0);
    const { input, layers } = JSON.parse(stdout);
    expect(input.constants).toEqual([{ name: "gain", shape: [3, 1, 1], values: [2] }]);
    expect(
      layers.map(({ name, renderable }: Record<string, unknown>) => [name, renderable]),
    ).toEqual([
      ["image", false],
      ["x", true],
      ["y", true],
    ]);
    await expectRefused(
      folder,
      ["analyze", "two", "--input", `gain=${at("gain.npy")}`],
      "'two', which has a description",
      (...each) => runWith({ env }, ...each),
    );
  });

  test.each<[readonly (number | null)[] | null, readonly number[], readonly number[], string]>([
    [[], [3], [], "3"],
    [[2, 2], [3], [2, 2], "3,3,3,3"],
    [[null, 2], [1, 2, 3, 4], [2, 2], "1,2,3,4"],
    [[null, 2], [7], [1, 2], "7,7"],
    [[null, 3, null], [1, 2, 3], [1, 3, 1], "1,2,3"],
    [null, [1, 2], [2], "1,2"],
  ])("of an input %j the numbers %j fill %j", (declared, values, shape, filled) => {
    const graph = sketch({
      inputs: { image, other: declared ?? [] },
      nodes: [node("Identity", "image", "y")],
      outputs: ["y"],
    });
    const inputs = graph.inputs.map((each) =>
      each.name === "other" ? { ...each, shape: declared } : each,
    );
    const constants = [{ name: "other", shape: null, values }];
    const { initializers } = withInputConstants({ ...graph, inputs }, constants);
    const { shape: made, data } = initializers.get("other") as ReturnType<typeof normal>;
    expect([made, data.join()]).toEqual([shape, filled]);
  });

  test("a second image may be of one number; of more than can be kept it is refused", () => {
    const side = 200;
    const graph = sketch({
      inputs: { image, other: [1, 3, side, side] },
      nodes: [node("Identity", "image", "y")],
      outputs: ["y"],
    });
    const given = (values: readonly number[]) =>
      withInputConstants(graph, [{ name: "other", shape: [1, 3, side, side], values }]);
    const { data } = given([2]).initializers.get("other") as ReturnType<typeof normal>;
    expect([data.length, new Set(data)]).toEqual([3 * side * side, new Set([2])]);
    expect(() => given([...data])).toThrow(/120000 values .* 65536 can be given; give one number/);
  });

  test("values take the type of the input", () => {
    const graph = sketch({
      inputs: { image, count: [1], keep: [2] },
      types: { count: "int64", keep: "bool" },
      nodes: [node("Identity", "image", "y")],
      outputs: ["y"],
    });
    const given = (count: number) => [
      { name: "count", shape: [1], values: [count] },
      { name: "keep", shape: [2], values: [0, 7] },
    ];
    const { initializers } = decodeModel(encodeModel(graph), { constants: given(5) }).graph;
    expect(initializers.get("count")).toEqual({
      type: "int64",
      shape: [1],
      data: BigInt64Array.of(5n),
    });
    expect(initializers.get("keep")).toEqual({
      type: "bool",
      shape: [2],
      data: Uint8Array.of(0, 1),
    });
    expect(() => decodeModel(encodeModel(graph), { constants: given(2.5) })).toThrow(
      "'count' int64 [1]: given 2.5, want whole numbers",
    );
  });
});

describe("pixels on the command line", () => {
  test("a command that cannot be told of them names the one that can", async () => {
    const { code, stderr } = await run("analyze", at("one.onnx"));
    const told =
      /assuming RGB.*; to say otherwise, give --preprocessing .*, to: dreamgrid models add$/m;
    expect([code, stderr]).toEqual([0, expect.stringMatching(told)]);
  });

  const SHORT = "--channels 1 --num-iterations 1 --pyramid-levels 1 --method deepdream".split(" ");
  const draw = (out: string, ...words: readonly string[]) =>
    run("dream", at("one.onnx"), "--layer", "y", ...SHORT, "--out", out, ...words);

  test("what is given, or assumed, is in the manifest, and one file is two networks", async () => {
    const out = await temporaryFolder();
    const manifest = async () =>
      JSON.parse(await readFile(join(out, "one-y.manifest.json"), "utf8")).network;
    const first = await draw(out);
    expect(first).toMatchObject({ code: 0 });
    expect(first.stderr).toContain("assuming RGB, 0..255 minus 128");
    const assumed = await manifest();
    expect(assumed.input).toMatchObject({
      assumed: "RGB, 0..255 minus 128",
      mean: [128, 128, 128],
    });
    // a request file cannot say it either
    const file = join(out, "one-y.json");
    const request = { network: at("one.onnx"), layer: "y", channels: [1], numIterations: 1 };
    await writeFile(file, JSON.stringify({ ...request, pyramidLevels: 1 }));
    const second = await run("dream", file, "--out", out, "--preprocessing", "caffe");
    expect(second).toMatchObject({ code: 0, stderr: expect.not.stringContaining("assuming") });
    const given = await manifest();
    expect(given.input).toMatchObject({ channelOrder: "BGR", mean: [103.939, 116.779, 123.68] });
    expect(given.input).not.toHaveProperty("assumed");
    expect(given.id).not.toBe(assumed.id);
  });

  test("numbers that look like another convention's are taken, with a warning", async () => {
    const env = { DREAMGRID_CACHE: await temporaryFolder() };
    const words = ["--id", "net", "--mean", "0.485,0.456,0.406", "--std", "0.229"];
    const added = await runWith({ env }, "models", "add", at("one.onnx"), ...words);
    expect(added).toMatchObject({ code: 0 });
    expect(added.stderr).toContain("say --range 1");
  });

  test.each<[readonly string[], RegExp]>([
    [["--preprocessing", "caffe", "--mean", "3"], /'caffe' and mean; want one or the other/],
    [["--mean", "1,2"], /mean: given 2 numbers; want one, or 3/],
    [["--std", "1", "--scale", "1"], /want one of them/],
    [["--preprocessing", "keras"], /torchvision, caffe/],
  ])("%j is refused", async (words, message) => {
    const { code, stderr } = await draw(join(folder, "never"), ...words);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(message);
  });
});
