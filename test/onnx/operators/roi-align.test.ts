import { expect, test } from "vitest";

import { decodeModel } from "../../../lib/onnx/decode.ts";
import { encodeModel } from "../../../lib/onnx/encode.ts";
import { type Attributes, float } from "../../../lib/onnx/model.ts";
import { specialise } from "../../../lib/onnx/static-graph.ts";
import { floatTensor, intsTensor } from "../../../lib/onnx/tensor.ts";
import { node, sketch, writeModel } from "../../support/onnx-writer.ts";
import { runModel } from "../../support/operator-oracle.ts";
import { normal } from "../../support/random.ts";
import { slopeError } from "../../support/slope-error.ts";
import { largestDifference } from "../../support/vectors.ts";

const SHAPE = [1, 3, 9, 8] as const;
const image = normal(SHAPE, 1);

/** Inside, over two edges, smaller than a pixel. */
const REGIONS = [1.2, 2.1, 6.7, 7.4, -3, 5, 4.5, 14, 3.3, 3.1, 3.6, 3.4];

function reading(attributes: Attributes, regions: readonly number[], of: readonly number[] = []) {
  return sketch({
    inputs: { image: SHAPE },
    nodes: [
      node("RoiAlign", "image regions images", "read", attributes),
      node("Reshape", "read all", "y"),
    ],
    outputs: ["read", "y"],
    initializers: {
      all: intsTensor([1, -1, 4, 3]),
      regions: floatTensor([regions.length / 4, 4], regions),
      images: intsTensor(Array.from({ length: regions.length / 4 }, (_, i) => of[i] ?? 0)),
    },
  });
}

const size = { output_height: 4, output_width: 3 };

test.each<readonly [number, Attributes]>([
  [16, size],
  [16, { ...size, sampling_ratio: 2 }],
  [16, { ...size, coordinate_transformation_mode: "output_half_pixel" }],
  [10, { ...size, spatial_scale: float(0.7) }],
])("of opset %i, with %j, it reads what ONNX Runtime reads", async (opset, attributes) => {
  const bytes = writeModel(reading(attributes, REGIONS), opset);
  const { y: wanted } = await runModel(bytes, { image });
  const { graph } = specialise(decodeModel(bytes), SHAPE);
  expect(graph.nodes.map(({ op }) => op)).toEqual(["Einsum", "Reshape", "Reshape"]);
  const { y } = await runModel(encodeModel(graph), { image });
  expect(largestDifference(y, wanted)).toBeLessThan(1e-5);
  expect(await slopeError(bytes, image, 3)).toBeLessThan(1e-3);
});

test("each image of a batch is read in the same regions", async () => {
  const model = decodeModel(writeModel(reading(size, REGIONS), 16));
  const run = async (batch: ReturnType<typeof normal>) => {
    const [n = 1] = batch.shape;
    const { graph } = specialise(model, [n, 3, 9, 8]);
    const { read } = await runModel(encodeModel(graph), { image: batch });
    return read as ReturnType<typeof normal>;
  };
  const two = normal([2, 3, 9, 8], 5);
  const half = two.data.length / 2;
  const parts = [two.data.slice(0, half), two.data.slice(half)];
  const alone = await Promise.all(parts.map((part) => run(floatTensor(SHAPE, part))));
  const together = await run(two);
  expect(together.shape).toEqual([6, 3, 4, 3]);
  expect([...together.data]).toEqual(alone.flatMap(({ data }) => [...data]));
});

test.each<readonly [Attributes, readonly number[], string]>([
  [{ ...size, sampling_ratio: 2e6 }, [0], "24000000 samples, and at most 4194304 are read"],
  [{ ...size, output_width: -1 }, [0], "4 rows of -1 columns"],
  [{ ...size, mode: "max" }, [0], "mode 'max' is not supported; choose a layer before it"],
  [size, [0, 1], "regions of several images; choose a layer before it"],
])("%j for the images %j is refused in one line", (attributes, of, message) => {
  const model = decodeModel(writeModel(reading(attributes, REGIONS, of), 16));
  const { problems } = specialise(model, SHAPE);
  expect(problems.get("read")?.message).toMatch(/^RoiAlign 'read'[^\n]*$/);
  expect(problems.get("read")?.message).toContain(message);
});
