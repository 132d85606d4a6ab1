import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "vitest";

import { concepts, readNetwork, RequestError } from "../../../lib/dreamgrid.ts";
import { encodePng } from "../../../lib/image/png.ts";
import type { Rgb } from "../../../lib/image/raster.ts";
import { floatTensor } from "../../../lib/onnx/tensor.ts";
import { temporaryFolder } from "../../networks/temporary-folder.ts";
import { node, sketch, writeModel } from "../../support/onnx-writer.ts";

const [WIDTH, HEIGHT] = [4, 4];
const PIXELS = WIDTH * HEIGHT;

/** Of each class what it makes of the means of red, green and blue; nothing of all classes together. */
const CLASSES = [1, 2, 4, 3, -5, 1, -4, 3, -5];

/** A network whose layer `colours` has the pixels themselves. */
const colours = sketch({
  inputs: { image: [1, 3, HEIGHT, WIDTH] },
  nodes: [
    node("Relu", "image", "colours"),
    node("GlobalAveragePool", "colours", "means"),
    node("Flatten", "means", "flat"),
    node("Gemm", "flat w", "scores", { transB: 1 }),
  ],
  outputs: ["scores"],
  initializers: { w: floatTensor([3, 3], CLASSES) },
});

/** A picture of pixels, each so often, and then black. */
function picture(...pixels: readonly (readonly [count: number, colour: Rgb])[]) {
  const data = new Uint8Array(3 * PIXELS);
  data.set(pixels.flatMap(([count, colour]) => Array(count).fill(colour).flat()));
  return encodePng({ width: WIDTH, height: HEIGHT, data });
}

test("the library factors what two images are made of, and says what speaks for a class", async () => {
  const folder = await temporaryFolder();
  const [file, photo] = [join(folder, "colours.onnx"), join(folder, "b.png")];
  await writeFile(file, writeModel(colours, 18));
  await writeFile(photo, await picture([4, [0, 100, 100]], [1, [50, 0, 0]]));
  const network = await readNetwork(file, { input: { mean: [0, 0, 0], std: [1] } });
  const images = [await picture([8, [200, 0, 0]]), photo];
  const steps = new Set<string>();
  const found = await concepts(
    { network, layer: "colours", images, count: 2, class: 2 },
    { threads: 1, onProgress: ({ step }) => steps.add(step) },
  );

  const near = (value: number) => expect.closeTo(value, 4) as number;
  const vector = (...values: readonly number[]) => values.map(near);
  // red, and green and blue alike: of the squares of all, and of the mean over both images
  const [red, cyan] = [8 * 200 ** 2 + 50 ** 2, 4 * 2 * 100 ** 2];
  const [redMean, cyanMean] = [8 * 200 + 50, 4 * 100].map((sum) => sum / PIXELS / 2);
  const placesOf = (count: number, value: number, before = 0) =>
    Array.from({ length: PIXELS }, (_, i) => near(i >= before && i < before + count ? value : 0));
  const plain = found.concepts.map(({ direction, strongest, ...concept }) => ({
    ...concept,
    direction: [...direction],
    strongest: strongest.map(({ places, ...of }) => ({ ...of, places: [...places] })),
  }));
  expect(plain).toEqual([
    {
      direction: vector(1, 0, 0),
      share: near(red / (red + cyan)),
      contribution: near(3 * redMean!),
      strongest: [
        { image: 0, path: null, most: near(200), places: placesOf(8, 200) },
        { image: 1, path: photo, most: near(50), places: placesOf(1, 50, 4) },
      ],
    },
    {
      direction: vector(0, Math.SQRT1_2, Math.SQRT1_2),
      share: near(cyan / (red + cyan)),
      contribution: near((1 - 5) * cyanMean!),
      strongest: [
        { image: 1, path: photo, most: near(100 * Math.SQRT2), places: placesOf(4, 141.42136) },
        { image: 0, path: null, most: 0, places: placesOf(0, 0) },
      ],
    },
  ]);
  const { concepts: _, ...others } = found;
  expect(others).toEqual({
    layer: { index: 2, name: "colours" },
    class: { channel: 2, label: "#2" },
    explained: near(1),
    negative: 0,
    score: near(3 * redMean! - 4 * cyanMean!),
    contributed: near(3 * redMean! - 4 * cyanMean!),
    mapSize: [HEIGHT, WIDTH],
    images: 2,
    leftOut: [],
  });
  expect([...steps]).toEqual([
    "looking at photographs",
    "factoring activations",
    "looking for concepts",
  ]);

  const asking = (more: object) => concepts({ network, layer: "colours", images, ...more });
  await expect(asking({ count: 2 * PIXELS + 1 })).rejects.toThrow(
    "count: given 33; wanted at most",
  );
  await expect(asking({ class: 4 })).rejects.toThrow("class: given 4; wanted channels 1 to 3");
  await expect(asking({ seed: -1 })).rejects.toThrow(RequestError);
});
