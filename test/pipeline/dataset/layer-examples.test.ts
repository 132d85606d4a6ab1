import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, expect, test } from "vitest";

import { datasetExamples, ImageError, readNetwork, RequestError } from "../../../lib/dreamgrid.ts";
import { encodePng } from "../../../lib/image/png.ts";
import { copyInto, filledRaster, type Rgb } from "../../../lib/image/raster.ts";
import { floatTensor } from "../../../lib/onnx/tensor.ts";
import { node, sketch, writeModel } from "../../support/onnx-writer.ts";

const folder = await mkdtemp(join(tmpdir(), "dreamgrid-test-"));
afterAll(() => rm(folder, { recursive: true }));
const file = (name: string) => join(folder, name);

/** Channel c of `squares` sums colour c of 2 x 2 pixels, of the 4 x 4 that it looks at. */
const middles = Float32Array.from({ length: 3 * 3 * 4 * 4 }, (_, i) => {
  const [channel, colour] = [Math.floor(i / 48), Math.floor(i / 16) % 3];
  const isMiddle = [5, 6, 9, 10].includes(i % 16);
  return channel === colour && isMiddle ? 1 : 0;
});
const squares = sketch({
  inputs: { image: [1, 3, 8, 8] },
  nodes: [
    node("Conv", "image w", "squares", { strides: [2, 2], pads: [1, 1, 1, 1] }),
    node("GlobalMaxPool", "squares", "most"),
  ],
  outputs: ["most"],
  initializers: { w: floatTensor([3, 3, 4, 4], middles) },
});
await writeFile(file("squares.onnx"), writeModel(squares, 18));
const network = await readNetwork(file("squares.onnx"), { input: { mean: [0, 0, 0], std: [1] } });

/** A black image with rectangles: [x, y, width, height, colour]. */
function picture(
  [width, height]: readonly [number, number],
  ...lit: readonly (readonly [number, number, number, number, Rgb])[]
): Promise<Uint8Array> {
  const image = filledRaster({ width, height }, [0, 0, 0]);
  for (const [x, y, across, down, colour] of lit) {
    copyInto(image, filledRaster({ width: across, height: down }, colour), x, y);
  }
  return encodePng(image);
}

const small = await picture([8, 8], [4, 2, 2, 2, [255, 0, 0]], [0, 0, 2, 2, [0, 100, 0]]);
await writeFile(file("torn.png"), "torn");
// four times as wide and twice as high as what the network sees
const wide = await picture([32, 16], [24, 12, 8, 4, [0, 255, 0]]);
await writeFile(file("wide.png"), wide);
const images = [small, file("torn.png"), file("wide.png")];

test("the library finds the images that excite each channel most, and cuts them in their own pixels", async () => {
  const heard: number[] = [];
  const found = await datasetExamples(
    { network, layer: "squares", images },
    { threads: 1, onProgress: ({ done, of }) => heard.push(done / of) },
  );
  expect([found.layer, heard]).toEqual([{ index: 2, name: "squares" }, [0, 1 / 3, 2 / 3, 1]]);
  const ofRed = {
    image: 0,
    path: null,
    activation: 4 * 255,
    place: { x: 4, y: 2, width: 2, height: 2 },
    field: { x: 3, y: 1, width: 4, height: 4 },
  };
  const ofGreen = [
    {
      image: 2,
      path: file("wide.png"),
      activation: expect.toSatisfy((value: number) => value > 900 && value <= 4 * 255) as number,
      place: { x: 24, y: 12, width: 8, height: 4 },
      // without what lies beyond the edges
      field: { x: 20, y: 10, width: 12, height: 6 },
    },
    {
      image: 0,
      path: null,
      activation: 4 * 100,
      place: { x: 0, y: 0, width: 2, height: 2 },
      field: { x: 0, y: 0, width: 3, height: 3 },
    },
  ];
  expect(found.channels).toEqual([
    { channel: 1, label: "#1", examples: [ofRed] },
    { channel: 2, label: "#2", examples: ofGreen },
    { channel: 3, label: "#3", examples: [] },
  ]);
  const reason = expect.stringMatching(/torn\.png: the 4 bytes given are no PNG/) as string;
  expect(found.leftOut).toEqual([{ image: 1, path: file("torn.png"), reason }]);
});

test("of a folder the images are numbered by their names, and what has no places has no cut-out", async () => {
  const found = await datasetExamples({ network, layer: 3, images: folder, count: 1 });
  const [strongest, ...others] = found.channels[1]!.examples;
  expect([strongest, others]).toEqual([
    expect.objectContaining({ image: 1, path: file("wide.png"), place: null, field: null }),
    [],
  ]);
});

test("options that are none, and images that cannot be read, are refused", async () => {
  const finding = (more: object) => datasetExamples({ network, layer: 2, images, ...more });
  await expect(finding({ count: 0, image: "a" })).rejects.toThrow(
    new RequestError([
      "count: given 0; wanted at least 1",
      "image: unknown field (did you mean 'images'?); remove it",
    ]),
  );
  await expect(finding({ images: [] })).rejects.toThrow("images: given []; wanted the path of a");
  await expect(finding({ layer: "square" })).rejects.toThrow(RequestError);
  await expect(finding({ images: [file("torn.png")] })).rejects.toThrow(ImageError);
  const signal = AbortSignal.abort(new Error("enough"));
  await expect(datasetExamples({ network, layer: 2, images }, { signal })).rejects.toThrow(
    "enough",
  );
});
