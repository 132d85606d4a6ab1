import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { describe, expect, test } from "vitest";

import type { GivenInput } from "../../lib/networks/describe-input.ts";
import { openNetwork } from "../../lib/networks/registry.ts";
import { node, sketch, writeModel } from "../support/onnx-writer.ts";
import { normal } from "../support/random.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { tinyModel } from "./tiny-model.ts";

interface Opening {
  /** Its path in the folder. */
  readonly at?: string;
  readonly model?: Uint8Array;
  readonly input?: GivenInput;
}

/** Opens a model by its path, with JSON files beside it. */
async function opened(
  files: Readonly<Record<string, unknown>>,
  { at = "model.onnx", model = tinyModel(), input = {} }: Opening = {},
) {
  const folder = await temporaryFolder();
  const path = join(folder, at);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, model);
  for (const [name, json] of Object.entries(files)) {
    await writeFile(join(folder, name), typeof json === "string" ? json : JSON.stringify(json));
  }
  return openNetwork(path, { folders: [], cacheFolder: join(folder, "cache"), input });
}

const withPixels = (preprocessor: object) => ({ "preprocessor_config.json": preprocessor });
const CAFFE: Opening = { input: { preprocessing: "caffe" } };
const VIT = { do_normalize: true, image_mean: [0.5, 0.25, 0.5], image_std: [0.5, 0.5, 0.25] };

/** What the library makes of pixels, worked out by hand: the values of black and of white. */
test.each<[string, object, string, readonly number[], readonly number[]]>([
  ["mean and std, of pixels in 0..1", VIT, "RGB", [-1, -0.5, -2], [1, 1.5, 2]],
  ["one number for all", { image_mean: 0.5, image_std: 0.5 }, "RGB", [-1, -1, -1], [1, 1, 1]],
  ["no normalising", { do_normalize: false }, "RGB", [0, 0, 0], [1, 1, 1]],
  [
    "no normalising, whatever the numbers, and no planes turned round",
    { ...VIT, do_normalize: false, do_flip_channel_order: false },
    "RGB",
    [0, 0, 0],
    [1, 1, 1],
  ],
  [
    "null for what is not said, as the fast processors write it",
    { ...VIT, do_rescale: null, do_center_crop: null, crop_size: null, do_convert_rgb: null },
    "RGB",
    [-1, -0.5, -2],
    [1, 1.5, 2],
  ],
  [
    "an offset before, as EfficientNet's",
    {
      rescale_factor: 1 / 127.5,
      rescale_offset: true,
      image_mean: [0, 0, 0],
      image_std: [1, 2, 4],
    },
    "RGB",
    [-1, -0.5, -0.25],
    [1, 0.5, 0.25],
  ],
  [
    "no rescaling, nor the offset of it",
    { do_rescale: false, rescale_offset: true, image_mean: [127.5], image_std: [255] },
    "RGB",
    [-0.5, -0.5, -0.5],
    [0.5, 0.5, 0.5],
  ],
  [
    "planes turned round, as MobileViT's",
    { do_flip_channel_order: true },
    "BGR",
    [0, 0, 0],
    [1, 1, 1],
  ],
])("%s", async (_, preprocessor, order, black, white) => {
  const { description, notice } = await opened(withPixels(preprocessor));
  const { mean, scale, channelOrder, assumed } = description.input;
  const seen = (pixel: number) => mean.map((each, i) => (pixel - each) * scale[i]!);
  expect(channelOrder).toBe(order);
  seen(0).forEach((value, i) => expect(value).toBeCloseTo(black[i]!, 12));
  seen(255).forEach((value, i) => expect(value).toBeCloseTo(white[i]!, 12));
  expect(assumed).toBeUndefined();
  expect(notice).toMatch(
    /its pixels are taken as .*preprocessor_config\.json says; to say otherwise/,
  );
});

test.each([
  [{ ...VIT, size: 96 }, 96],
  [{ ...VIT, size: { height: 96, width: 96 } }, 96],
  [{ ...VIT, size: { shortest_edge: 128 }, crop_size: { height: 112, width: 112 } }, 112],
  [{ ...VIT, size: { shortest_edge: 128 }, crop_size: 112, do_center_crop: false }, 128],
  [{ ...VIT, size: { height: 96, width: 128 } }, 224],
  [{ ...VIT, size: { longest_edge: 96 } }, 224],
  [{ ...VIT, size: 1_000_000 }, 224],
  [{ ...VIT, size: 0 }, 224],
  [{ ...VIT, size: 96.5 }, 224],
  [{ ...VIT, size: 128, crop_size: { height: 1e15, width: 1e15 } }, 128],
  [{ ...VIT, size: { shortest_edge: 128, longest_edge: 512 } }, 224],
  [{ ...VIT, size: 96, crop_size: null, do_center_crop: null }, 96],
])("an open size is that of %j", async (preprocessor, side) => {
  const { description } = await opened(withPixels(preprocessor));
  const { width, height, mean } = description.input;
  expect([width, height]).toEqual([side, side]);
  expect(mean[1]).toBeCloseTo(63.75, 12);
});

test("a size of the file's own stays, whatever a file beside it says", async () => {
  const model = tinyModel([1, 3, 40, 56]);
  const { description } = await opened(withPixels({ ...VIT, size: 96 }), { model });
  expect(description.input).toMatchObject({ width: 56, height: 40 });
});

test("class names are those of config.json, unless nobody has named them", async () => {
  const id2label = { "1": "dog,\n hound", "0": "cat", "2": "THE_LABEL_2" };
  const wanted = ["cat", "dog, hound", "THE_LABEL_2"];
  expect((await opened({ "config.json": { id2label } })).labels).toEqual(wanted);
  for (const none of [
    { 0: "cat", 1: " LABEL_1 " },
    { 0: "cat", 1: " " },
    { 0: "cat", 2: "dog" },
    { 0: "cat", x1: "dog" },
    {},
    { a: "b" },
  ]) {
    expect((await opened({ "config.json": { id2label: none } })).labels).toBeNull();
  }
});

test("of a model in a folder onnx the files lie around it; in any other they are no business of its", async () => {
  const files = { ...withPixels(VIT), "config.json": { id2label: { 0: "cat" } } };
  const inside = await opened(files, { at: "onnx/model.onnx" });
  expect(inside.labels).toEqual(["cat"]);
  expect(inside.description.input.mean[1]).toBeCloseTo(63.75, 12);
  const elsewhere = await opened(files, { at: "other/model.onnx" });
  expect(elsewhere.labels).toBeNull();
  expect(elsewhere.description.input.assumed).toMatch(/minus 128/);
});

describe("a file beside the model says nothing", () => {
  test.each([
    ["of what is given", CAFFE, 103.939],
    ["of a network that normalises inside", { model: normalisingModel() }, 0],
  ])("%s", async (_, options, mean) => {
    const { description, notice } = await opened(withPixels(VIT), options);
    expect(description.input.mean[0]).toBeCloseTo(mean, 12);
    expect(notice ?? "").not.toContain("preprocessor_config.json");
  });

  test.each([
    ["for sounds", { feature_extractor_type: "WhisperFeatureExtractor", sampling_rate: 16000 }],
    ["that leaves its numbers to the library", { do_normalize: true, size: 224 }],
    ["that leaves them to it besides", { do_normalize: true, do_flip_channel_order: true }],
    ["for no planes", { image_mean: [], image_std: [] }],
    ["with a factor of zero", { ...VIT, rescale_factor: 0 }],
    ["of megabytes", { ...VIT, note: "x".repeat(4_000_000) }],
    ["for other planes", { image_mean: [0.5, 0.5], image_std: [0.5, 0.5] }],
    ["with a mean alone", { do_flip_channel_order: true, image_mean: [0.5, 0.5, 0.5] }],
    ["with a deviation of zero", { ...VIT, image_std: [0.5, 0, 0.5] }],
    ["of something else", ["text"]],
    ["that is no JSON", "{"],
  ])("that is one %s", async (_, preprocessor) => {
    const { description } = await opened({ "preprocessor_config.json": preprocessor });
    expect(description.input.assumed).toMatch(/minus 128/);
  });

  test("but the order of the planes may be given beside it", async () => {
    const { description } = await opened(withPixels(VIT), { input: { channelOrder: "BGR" } });
    expect(description.input.channelOrder).toBe("BGR");
    expect(description.input.mean[1]).toBeCloseTo(63.75, 12);
  });
});

/** A network that divides its pixels by 255 itself. */
function normalisingModel(): Uint8Array {
  const nodes = [node("Div", "image white", "a"), node("Conv", "a w", "b")];
  const white = { ...normal([1], 1), data: Float32Array.of(255) };
  const initializers = { white, w: normal([4, 3, 3, 3], 2) };
  return writeModel(
    sketch({ inputs: { image: [1, 3, 20, 18] }, nodes, outputs: ["b"], initializers }),
    18,
  );
}
