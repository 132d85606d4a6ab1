import { expect, onTestFinished, test } from "vitest";

import { specialise } from "../../../lib/onnx/static-graph.ts";
import { intsTensor } from "../../../lib/onnx/tensor.ts";
import { AscentEngine } from "../../../lib/optvis/ascent/engine.ts";
import { layerMaxima } from "../../../lib/optvis/dataset-examples/maxima.ts";
import { Interpreter64 } from "../../support/float64/interpreter.ts";
import { node } from "../../support/onnx-writer.ts";
import { normal, uniform } from "../../support/random.ts";
import { networkOf } from "../ascent/engine-task.ts";

const SIZE = { height: 7, width: 9 };
const PIXELS = SIZE.height * SIZE.width;

const WEIGHTS = {
  w: normal([4, 3, 2, 3], 1),
  tokens: intsTensor([1, 4, -1]),
  classes: normal([5, 4 * 6 * 7], 2),
};
const { network, target } = networkOf(
  [
    node("Conv", "image w", "map"),
    node("LRN", "map", "normal", { size: 3 }),
    node("Reshape", "normal tokens", "flat"),
    node("Transpose", "flat", "tokens_last", { perm: [0, 2, 1] }),
    node("Flatten", "map", "vector"),
    node("Gemm", "vector classes", "y", { transB: 1 }),
    node("Conv", "normal square", "other"),
  ],
  { ...WEIGHTS, square: normal([2, 4, 1, 1], 3) },
  SIZE,
);
/** Blue first, as the network of a BGR file has its planes. */
const seenBlueFirst = { ...network, planes: [2, 1, 0], mean: [10, 20, 30], scale: [0.5, 1, 2] };

const LAYERS = [
  { ...target("map"), channels: 4 },
  { ...target("normal"), channels: 4 },
  { ...target("tokens_last"), channelAxis: 2, channels: 4 },
  { ...target("y"), channels: 5 },
  { ...target("other"), channels: 2 },
];

/** In double precision: of each channel its largest value, and where that is. */
function wanted(value: string, channels: number, isLast: boolean, data: Float64Array) {
  const places = data.length / channels;
  return Array.from({ length: channels }, (_, channel) => {
    const map = Array.from({ length: places }, (__, place) =>
      isLast ? data[place * channels + channel]! : data[channel * places + place]!,
    );
    const most = Math.max(...map);
    return { most, place: map.indexOf(most), value };
  });
}

test("one pass tells of several layers how strongly an image excites each channel, and where", async () => {
  const engine = new AscentEngine({ threads: 1 });
  onTestFinished(() => engine.close());
  const { data } = uniform([3, SIZE.height, SIZE.width], 4, [0, 255]);
  const found = await layerMaxima(engine, seenBlueFirst, LAYERS, { ...SIZE, data });

  const graph = specialise(network.model, [1, 3, SIZE.height, SIZE.width]);
  const seen = Float64Array.from(data, (_, i) => {
    const [plane, pixel] = [Math.floor(i / PIXELS), i % PIXELS];
    const { planes, mean, scale } = seenBlueFirst;
    return (data[planes[plane]! * PIXELS + pixel]! - mean[plane]!) * scale[plane]!;
  });
  const values = new Interpreter64(graph).run(seen, new Set(LAYERS.map(({ value }) => value)));
  expect(found).toHaveLength(LAYERS.length);
  for (const [i, { value, channels }] of LAYERS.entries()) {
    const own = wanted(value, channels, value === "tokens_last", values.get(value)!.data);
    const { maxima, places } = found[i]!;
    expect([...places]).toEqual(own.map(({ place }) => place));
    for (const [channel, { most }] of own.entries()) {
      expect(Math.abs(maxima[channel]! / most - 1)).toBeLessThan(1e-5);
    }
  }
  // the check can fail: with the colours as they are, other places are the strongest
  const unturned = await layerMaxima(engine, { ...seenBlueFirst, planes: [0, 1, 2] }, LAYERS, {
    ...SIZE,
    data,
  });
  expect(unturned.map(({ places }) => [...places])).not.toEqual(
    found.map(({ places }) => [...places]),
  );
});
