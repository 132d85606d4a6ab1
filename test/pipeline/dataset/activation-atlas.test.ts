import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "vitest";

import { activationAtlas, readNetwork, RequestError } from "../../../lib/dreamgrid.ts";
import { encodePng } from "../../../lib/image/png.ts";
import { temporaryFolder } from "../../networks/temporary-folder.ts";
import { node, sketch, writeModel } from "../../support/onnx-writer.ts";

const SIZE = { width: 4, height: 4 };
/** Layer 2 has the pixels themselves. */
const colours = sketch({
  inputs: { image: [1, 3, SIZE.height, SIZE.width] },
  nodes: [node("Relu", "image", "colours")],
  outputs: ["colours"],
});

/** Pixels of one colour, each as bright as another is not. */
const shadesOf = (colour: number) =>
  encodePng({
    ...SIZE,
    data: Uint8Array.from({ length: 48 }, (_, i) => (i % 3 === colour ? 40 + 4 * i : 0)),
  });

test("the library lays what two kinds of images are made of side by side", async () => {
  const file = join(await temporaryFolder(), "colours.onnx");
  await writeFile(file, writeModel(colours, 18));
  const network = await readNetwork(file, { input: { mean: [0, 0, 0], std: [1] } });
  const images = [await shadesOf(0), await shadesOf(2), Uint8Array.of(1)];
  const question = { network, layer: 2, images, grid: { columns: 2, rows: 1 } };
  const steps: string[] = [];
  const { leftOut, data, ...atlas } = await activationAtlas(question, {
    threads: 1,
    onProgress: ({ step, done }) => void (done === 0 && steps.push(step)),
  });
  expect(atlas).toEqual({ layer: { index: 2, name: "colours" }, shape: [3, 1, 2] });
  expect(leftOut.map(({ image, path }) => [image, path])).toEqual([[2, null]]);
  expect(steps).toEqual(["looking at photographs", "laying out the atlas"]);

  // by their angle half of all vectors are red, half blue: a cell is the mean of its own, and of its
  // neighbour's by the neighbourhood's last radius, 0.5
  const h = Math.exp(-1 / (2 * 0.5 ** 2));
  // whitened by the moment, diag(1/2, 0, 1/2), and the mean of its diagonal
  const whitened = (share: number) => share / (1 / 2 + 1 / 3);
  const [own, other] = [whitened(1 / (1 + h)), whitened(h / (1 + h))];
  const cells = [0, 1].map((column) => [0, 1, 2].map((channel) => data[2 * channel + column]!));
  // either may be on the left
  const [red, blue] = cells.toSorted((a, b) => b[0]! - a[0]!);
  const near = (values: readonly number[]) => values.map((value) => expect.closeTo(value, 5));
  expect([red, blue]).toEqual([near([own, 0, other]), near([other, 0, own])]);

  const asking = (more: object) => activationAtlas({ ...question, ...more });
  await expect(asking({ grid: { columns: 7, rows: 7 } })).rejects.toThrow(
    "given 49 pictures; want",
  );
  // as many pictures as places, of images of which one cannot be read
  await expect(asking({ grid: { columns: 6, rows: 6 } })).rejects.toThrow("wanted at most 32");
  await expect(asking({ grid: [2, 1] })).rejects.toThrow(RequestError);
});
