import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterAll, expect, test } from "vitest";

import { explain, ImageError, readNetwork, RequestError } from "../../../lib/dreamgrid.ts";
import { encodePng } from "../../../lib/image/png.ts";
import { floatTensor, intsTensor } from "../../../lib/onnx/tensor.ts";
import { AscentEngine } from "../../../lib/optvis/ascent/engine.ts";
import { explainImage, type Question } from "../../../lib/pipeline/explain/explain.ts";
import { mutePlaces, tokenGrids } from "../../../lib/pipeline/explain/token-grid.ts";
import { temporaryFolder } from "../../networks/temporary-folder.ts";
import { networkOf } from "../../optvis/ascent/engine-task.ts";
import { relativeDistance } from "../../optvis/fixtures.ts";
import { fileOf } from "../../support/architectures/check.ts";
import { ARCHITECTURES } from "../../support/architectures/index.ts";
import { node } from "../../support/onnx-writer.ts";
import { normal } from "../../support/random.ts";

const FIXTURES = fileURLToPath(new URL("../../fixtures/models/", import.meta.url));
/** Of float32 against float64. */
const TOLERANCE = 1e-5;

const engine = new AscentEngine({ threads: 1 });
afterAll(() => engine.close());

/** As make_attributions.py has them. */
const input = { mean: [128], std: [64] };
const { analysed: vit } = await readNetwork(join(FIXTURES, "tiny-vit.onnx"), { input });
const image = {
  height: 12,
  width: 20,
  data: Float32Array.from({ length: 720 }, (_, i) => (37 * i + 11 * i * i) % 256),
};
const wanted = JSON.parse(await readFile(join(FIXTURES, "tiny-vit-attributions.json"), "utf8"));

const explainVit = (question: Question) =>
  explainImage(engine, vit, image, { class: 3, ...question });

test("a transformer's shares are PyTorch's, laid on the patches, the class token's apart", async () => {
  const { layer, of, attribution } = await explainVit({});
  // behind the last block only the class token leads to the classes
  expect([layer.name, attribution.mapSize]).toEqual(["blocks.1.norm1", [3, 5]]);
  const { places, channels, specialTokens } = attribution;
  expect(relativeDistance(places, wanted.places)).toBeLessThan(TOLERANCE);
  expect(relativeDistance(specialTokens, [wanted.classToken])).toBeLessThan(TOLERANCE);
  const inOrder = channels.toSorted((a, b) => a.channel - b.channel);
  const contributions = inOrder.map(({ contribution }) => contribution);
  expect(relativeDistance(contributions, wanted.channels)).toBeLessThan(TOLERANCE);
  expect(of.activation).toBeCloseTo(wanted.logits[2], 4);
  // those of the block before are others
  const before = await explainVit({ layer: "blocks.0.norm1" });
  expect(relativeDistance(before.attribution.places, wanted.places)).toBeGreaterThan(0.1);
});

test("places that say nothing are known, whose shares cancel or that nobody reads", async () => {
  const places = async (layer: string) => mutePlaces((await explainVit({ layer })).attribution);
  expect(await places("blocks.0.norm1")).toBeNull();
  // before the last block's own normalisation, where patches are read by its attention alone
  expect(await places("blocks.0.Add-add-2")).toBe("cancelling");
  expect(await places("norm")).toBe("unread");
});

test("pixels share out what the score gains from grey to the image, as PyTorch finds it", async () => {
  const missed = async (steps: number, noise: number) => {
    const { pixels } = await explainVit({ pixels: { steps, noise } });
    const { score, baselineScore, data } = pixels!;
    const ofPixels = Array.from({ length: 240 }, (_, i) =>
      [0, 240, 480].reduce((sum, plane) => sum + data[plane + i]!, 0),
    );
    const sum = ofPixels.reduce((all, value) => all + value, 0);
    return { pixels: pixels!, ofPixels, off: Math.abs(sum / (score - baselineScore) - 1) };
  };
  const plain = await missed(128, 0);
  expect(plain.pixels.score).toBeCloseTo(wanted.score, 5);
  expect(plain.pixels.baselineScore).toBeCloseTo(wanted.baselineScore, 5);
  expect(relativeDistance(plain.ofPixels, wanted.pixels)).toBeLessThan(1e-4);
  expect(plain.off).toBeLessThan(1e-4);
  // the check can fail
  expect((await missed(8, 0)).off).toBeGreaterThan(0.1);
  // under noise it is another network, whose score is shared out as wholly
  const noisy = await missed(256, 0.1);
  expect(relativeDistance(noisy.ofPixels, wanted.pixels)).toBeGreaterThan(0.1);
  expect(noisy.off).toBeLessThan(5e-3);
});

test("the library explains a photograph, by its path or its bytes, and refuses what is none", async () => {
  const network = await readNetwork(join(FIXTURES, "tiny-vit.onnx"), { input });
  const interleaved = Array.from(
    { length: 720 },
    (_, i) => image.data[(i % 3) * 240 + Math.floor(i / 3)]!,
  );
  const png = await encodePng({ ...image, data: Uint8Array.from(interleaved) });
  const path = join(await temporaryFolder(), "photo.png");
  await writeFile(path, png);
  const found = await explain({ network, image: png, class: 3, pixels: { steps: 8, noise: 0 } });
  expect([found.class.channel, found.layer.name]).toEqual([3, "blocks.1.norm1"]);
  expect(relativeDistance(found.places, wanted.places)).toBeLessThan(TOLERANCE);
  expect(found.pixels!.shape).toEqual([3, 12, 20]);
  const most = await explain({ network, image: path });
  expect([most.class, most.pixels]).toEqual([most.seen[0], null]);
  const dark = { network, image: png, pixels: { noise: 2 } };
  await expect(explain(dark)).rejects.toThrow(RequestError);
  await expect(explain({ network, image: Uint8Array.of(1) })).rejects.toThrow(ImageError);
});

test.each([
  ["MLP-Mixer", "head.norm", [6, 5]],
  ["Swin", "downsample", [3, 2]],
  ["DeiT", "blocks.0.norm1", [6, 5]],
])("by itself %s is explained by '%s'", async (name, layer, mapSize) => {
  const path = join(await temporaryFolder(), "net.onnx");
  await writeFile(path, fileOf(ARCHITECTURES.find((each) => each.name === name)!).bytes);
  const { analysed } = await readNetwork(path);
  const seen = { height: 24, width: 20, data: normal([3, 24, 20], 6).data.map((x) => 60 * x) };
  const found = await explainImage(engine, analysed, seen, {});
  expect([found.layer.name, found.attribution.mapSize]).toEqual([layer, mapSize]);
});

test("tokens lie on patches of the image, whichever side of them others are joined on", () => {
  const joined = (parts: string, tokens: number) => {
    const { layers } = networkOf(
      [
        node("Conv", "image kernel", "map", { strides: [4, 4] }),
        node("Reshape", "map as_tokens", "flat"),
        node("Transpose", "flat", "patches", { perm: [0, 2, 1] }),
        node("Concat", parts, "joined", { axis: 1 }),
        node("Relu", "joined", "y"),
      ],
      {
        kernel: normal([7, 3, 4, 4], 1),
        as_tokens: intsTensor([1, 7, 15]),
        one: floatTensor([1, 1, 7], new Float32Array(7)),
        three: floatTensor([1, 3, 7], new Float32Array(21)),
        many: floatTensor([1, 4, 7], new Float32Array(28)),
      },
      image,
    );
    return tokenGrids(layers, image).get(tokens);
  };
  const grid = { rows: 3, columns: 5 };
  expect(joined("one patches", 15)).toEqual({ ...grid, first: 0, tokens: 15 });
  expect(joined("one patches", 16)).toEqual({ ...grid, first: 1, tokens: 16 });
  expect(joined("patches three", 18)).toEqual({ ...grid, first: 0, tokens: 18 });
  expect(joined("one patches one", 17)).toEqual({ ...grid, first: 1, tokens: 17 });
  // more than a quarter of the patches
  expect(joined("many patches", 19)).toBeUndefined();
});
