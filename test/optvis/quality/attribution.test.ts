import { afterAll, expect, test } from "vitest";

import { intsTensor } from "../../../lib/onnx/tensor.ts";
import { AscentEngine } from "../../../lib/optvis/ascent/engine.ts";
import {
  attribute,
  type Attribution,
  scoreWeights,
} from "../../../lib/optvis/quality/attribution.ts";
import { attributePixels } from "../../../lib/optvis/quality/pixel-attribution.ts";
import { normal } from "../../support/random.ts";
import { node } from "../../support/onnx-writer.ts";
import { networkOf } from "../ascent/engine-task.ts";

const SIZE = { height: 4, width: 5 };
const PIXELS = 20;
/** Of the layer, and of the scores. */
const [CHANNELS, SCORES] = [3, 4];

const kernel = normal([CHANNELS, 3, 1, 1], 1);
const mix = normal([CHANNELS, SCORES], 2);
const bias = normal([SCORES], 3);

/** Means of rectified maps, mixed: once of [N, C, H, W], once of [N, H, W, C]. */
const { network, target } = networkOf(
  [
    node("Conv", "image kernel", "maps"),
    node("Relu", "maps", "rectified"),
    node("ReduceMean", "rectified spatial", "means", { keepdims: 0 }),
    node("Gemm", "means mix bias", "y"),
    node("Transpose", "maps", "last", { perm: [0, 2, 3, 1] }),
    node("Relu", "last", "rectified_last"),
    node("ReduceMean", "rectified_last first_two", "means_last", { keepdims: 0 }),
    node("Gemm", "means_last mix bias", "scores_last"),
    node("Conv", "rectified point", "aside"),
  ],
  {
    kernel,
    mix,
    bias,
    spatial: intsTensor([2, 3]),
    first_two: intsTensor([1, 2]),
    point: normal([2, 3, 1, 1], 4),
  },
  SIZE,
);
const engine = new AscentEngine({ threads: 1 });
afterAll(() => engine.close());

const image = {
  ...SIZE,
  data: normal([3, SIZE.height, SIZE.width], 5).data.map((x) => 128 + 40 * x),
};

/** What the formula says, in double precision. */
function expected(weights: Float32Array) {
  const seen = (plane: number, p: number) =>
    (image.data[plane * PIXELS + p]! - network.mean[plane]!) * network.scale[plane]!;
  const slope = (c: number) =>
    weights.reduce((sum, weight, k) => sum + weight * mix.data[SCORES * c + k]!, 0) / PIXELS;
  const places = (c: number) =>
    Array.from({ length: PIXELS }, (_, p) => {
      const map = [0, 1, 2].reduce((sum, i) => sum + kernel.data[3 * c + i]! * seen(i, p), 0);
      return Math.max(0, map) * slope(c);
    });
  const channels = [0, 1, 2].map((c) => ({ channel: c + 1, places: places(c) }));
  const ofBias = weights.reduce((sum, weight, k) => sum + weight * bias.data[k]!, 0);
  return { channels, ofBias };
}

const sumOf = (values: Iterable<number>) => [...values].reduce((sum, value) => sum + value, 0);

test.each([
  ["y", "rectified", 1],
  ["scores_last", "rectified_last", 3],
])("'%s' is shared out among channels and places of '%s'", async (scores, layer, channelAxis) => {
  const weights = scoreWeights(2, SCORES, "logits");
  const score = { network, layer: target(scores), weights };
  const found = await attribute(engine, score, { ...target(layer), channelAxis }, image);
  const wanted = expected(weights);
  expect(found.mapSize).toEqual([SIZE.height, SIZE.width]);
  for (const { channel, places } of wanted.channels) {
    const own = found.channels.find((each) => each.channel === channel)!;
    expect(own.contribution).toBeCloseTo(sumOf(places), 4);
    places.forEach((share, p) => expect(own.places[p]).toBeCloseTo(share, 4));
  }
  checkSums(found, wanted.ofBias);
});

/** All of it but the bias is someone's, and the channels stand in order. */
function checkSums({ score, places, channels }: Attribution, ofBias: number) {
  const contributions = channels.map(({ contribution }) => contribution);
  expect(contributions).toEqual(contributions.toSorted((a, b) => b - a));
  expect(sumOf(contributions)).toBeCloseTo(score - ofBias, 3);
  expect(sumOf(places)).toBeCloseTo(score - ofBias, 3);
  expect(Math.abs(ofBias)).toBeGreaterThan(0.1);
}

test("a linear score comes of each pixel by its weight and how far from grey it is", async () => {
  const turned = { ...network, planes: [2, 1, 0], mean: [10, 20, 30], scale: [0.5, 0.25, 2] };
  const weights = Float32Array.of(0, 1, 0);
  const score = { network: turned, layer: target("maps"), weights };
  const { data } = await attributePixels(engine, score, image, { steps: 3, noise: 0 });
  const off = [0, 1, 2].flatMap((colour) => {
    // this network's images are blue first, and so are its kernel, mean and scale
    const plane = 2 - colour;
    const slope = (kernel.data[3 + plane]! * turned.scale[plane]!) / PIXELS;
    return Array.from({ length: PIXELS }, (_, p) => {
      const at = colour * PIXELS + p;
      return data[at]! - slope * (image.data[at]! - 127.5);
    });
  });
  expect(Math.max(...off.map(Math.abs))).toBeLessThan(1e-4);
});

test("a layer that a score does not depend on has no part in it", async () => {
  const score = { network, layer: target("y"), weights: scoreWeights(1, SCORES, "features") };
  await expect(attribute(engine, score, target("aside"), image)).rejects.toThrow(
    "layer 'y' does not depend on layer 'aside'",
  );
});

test("a class's score is what its logit is above the mean, any other channel's its own", () => {
  expect([...scoreWeights(2, 4, "logits")]).toEqual([-0.25, 0.75, -0.25, -0.25]);
  for (const kind of ["probabilities", "multi-label logits", "features"] as const) {
    expect([...scoreWeights(3, 4, kind)]).toEqual([0, 0, 1, 0]);
  }
});
