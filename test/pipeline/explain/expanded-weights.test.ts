import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "vitest";

import { expandedWeights, readNetwork } from "../../../lib/dreamgrid.ts";
import { decodeModel } from "../../../lib/onnx/decode.ts";
import { specialise } from "../../../lib/onnx/static-graph.ts";
import { intsTensor } from "../../../lib/onnx/tensor.ts";
import { temporaryFolder } from "../../networks/temporary-folder.ts";
import { Interpreter64 } from "../../support/float64/interpreter.ts";
import { slopes } from "../../support/float64/network.ts";
import { node, sketch, writeModel } from "../../support/onnx-writer.ts";
import { normal } from "../../support/random.ts";

const IMAGE = [1, 3, 12, 14] as const;
const initializers = {
  a: normal([4, 3, 3, 2], 1),
  b: normal([6, 2, 2, 3], 2),
  c: normal([6, 5], 3),
  tokens: intsTensor([1, 6, -1]),
};
const WINDOW = { kernel_shape: [2, 2], strides: [2, 2] };

/** Two convolutions, one in groups, and a matrix at each place, with bends between or without. */
function model(bend: string, pool: string) {
  return writeModel(
    sketch({
      inputs: { image: [...IMAGE] },
      nodes: [
        node("Conv", "image a", "edges", { strides: [2, 1], pads: [1, 1, 1, 1] }),
        node(bend, "edges", "bent"),
        node(pool, "bent", "pooled", WINDOW),
        node("Conv", "pooled b", "shapes", { group: 2, dilations: [1, 2] }),
        node(bend, "shapes", "bentShapes"),
        node("Reshape", "bentShapes tokens", "flat"),
        node("Transpose", "flat", "places", { perm: [2, 0, 1] }),
        node("MatMul", "places c", "parts"),
      ],
      outputs: ["parts"],
      initializers,
    }),
    18,
  );
}

const straight = specialise(decodeModel(model("Identity", "AveragePool")), [...IMAGE]);

/** Slopes of a channel's middle along the image, in the straight network: [3, 12, 14]. */
function slopesAlongImage(value: string, channel: number): Float64Array {
  const interpreter = new Interpreter64(straight);
  const [, , rows = 1, columns = 1] = straight.facts.get(value)!.shape;
  const row = (channel - 1) * rows + Math.floor(rows / 2);
  const middle = row * columns + Math.floor(columns / 2);
  const image = { shape: IMAGE, data: Float64Array.from(normal(IMAGE, 60).data) };
  return slopes(
    image,
    ({ data }) => interpreter.run(data, new Set([value])).get(value)!.data[middle]!,
  );
}

test("expanded weights are the slopes of the network made straight, in double precision", async () => {
  const path = join(await temporaryFolder(), "net.onnx");
  await writeFile(path, model("Relu", "MaxPool"));
  const network = await readNetwork(path);
  const ofImage = await expandedWeights(network, { layer: "shapes", channel: 5, from: 1 });
  expect([ofImage.count, ofImage.label]).toEqual([3, "#5"]);
  expect(ofImage.weighing.map(({ name }) => name)).toEqual(["edges", "shapes"]);
  const along = slopesAlongImage("shapes", 5);
  for (const { channel, colour, kernel } of ofImage.sources) {
    expect(colour).toBe(["red", "green", "blue"][channel - 1]);
    const own = along.subarray((channel - 1) * 168, channel * 168);
    const wanted = [...own].filter((slope) => Math.abs(slope) > 1e-7);
    const found = kernel.weights!.filter((weight) => weight !== 0);
    // two rows of windows of two, three rows each two further; columns alike, the pool's two apart
    expect([kernel.rows, kernel.columns]).toEqual([9, 11]);
    expect(found).toHaveLength(wanted.length);
    found.forEach((weight, i) => expect(weight).toBeCloseTo(wanted[i]!, 3));
  }

  // tokens lie [places, batch, channels], and a matrix has one number for each
  for (const from of ["shapes", "places"]) {
    const asked = { layer: "parts", channel: 2, from };
    const { sources, weighing } = await expandedWeights(network, asked);
    expect(weighing.map(({ name }) => name)).toEqual(["parts"]);
    for (const { layer, channel, kernel } of sources) {
      expect(layer.name).toBe(from);
      const weight = initializers.c.data[(channel - 1) * 5 + 1]!;
      expect(kernel).toEqual({ rows: 1, columns: 1, weights: [expect.closeTo(weight, 3)] });
    }
    expect(sources).toHaveLength(6);
  }

  const refused = async (from: string, layer = "edges") => {
    await expect(expandedWeights(network, { layer, channel: 1, from })).rejects.toThrow(
      expect.objectContaining({ name: "RequestError", message: expect.stringContaining("from: ") }),
    );
  };
  await refused("shapes");
  await refused("edgy", "shapes");
});
