import { expect, onTestFinished, test } from "vitest";

import { floatTensor } from "../../../lib/onnx/tensor.ts";
import { AscentEngine } from "../../../lib/optvis/ascent/engine.ts";
import { imageActivation } from "../../../lib/optvis/ascent/image-activation.ts";
import { normal } from "../../support/random.ts";
import { node } from "../../support/onnx-writer.ts";
import { networkOf } from "./engine-task.ts";

const SIZE = { height: 2, width: 3 };

/** [2, 3, 1, 1] */
const w = floatTensor([2, 3, 1, 1], [1, 2, -1, 0.5, 0, 1]);

test("an image's activation is that of the pixels scaled, resized to what the network sees", async () => {
  const engine = new AscentEngine({ threads: 1 });
  onTestFinished(() => engine.close());
  const { network, target } = networkOf([node("Conv", "image w", "y")], { w }, SIZE);
  const scaled = { ...network, scale: [2, 3, 4] as const };
  const { data } = normal([3, 2, 3], 5);
  const beholder = { engine, network: scaled, layer: target("y"), size: SIZE };
  const { shape, data: seen } = await imageActivation(beholder, { ...SIZE, data });
  expect(shape).toEqual([2, 2, 3]);
  seen.forEach((value, i) => {
    const [channel, pixel] = [Math.floor(i / 6), i % 6];
    const wanted = [0, 1, 2].reduce(
      (sum, plane) =>
        sum + w.data[3 * channel + plane]! * data[6 * plane + pixel]! * scaled.scale[plane]!,
      0,
    );
    expect(value).toBeCloseTo(wanted, 5);
  });
  // a flat image is as flat at twice the size
  const flat = { height: 4, width: 6, data: new Float32Array(72).fill(1) };
  const { data: same } = await imageActivation(beholder, flat);
  expect([...same.subarray(0, 2)]).toEqual([4, 4]);
  // of a much larger one every pixel counts, along both axes or along one
  for (const larger of [
    { height: 16, width: 24 },
    { height: 2, width: 24 },
  ]) {
    const pixels = larger.height * larger.width;
    const spots = Float32Array.from({ length: 3 * pixels }, (_, i) => (i % 8 === 0 ? 8 : 0));
    const spotted = { ...larger, data: spots };
    const { data: mean } = await imageActivation(beholder, spotted);
    expect([...mean.subarray(0, 6)]).toEqual([4, 4, 4, 4, 4, 4]);
  }
});
