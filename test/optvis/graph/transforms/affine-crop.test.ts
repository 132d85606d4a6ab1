import { describe, expect, test } from "vitest";

import { type Provider, PROVIDERS } from "../../../../lib/autodiff/provider.ts";
import { GraphBuilder } from "../../../../lib/onnx/graph-builder.ts";
import { floatTensor } from "../../../../lib/onnx/tensor.ts";
import { emitAffineCrop } from "../../../../lib/optvis/graph/transforms/affine-crop.ts";
import type { SurroundName } from "../../../../lib/optvis/graph/transforms/surround.ts";
import { normal } from "../../../support/random.ts";
import { runGraph } from "../../../support/run-graph.ts";

const CANVAS = { height: 7, width: 9 };
const CROP = { height: 5, width: 6 };
/** So much smaller than the canvas that its pixels are added one by one. */
const SMALL_CROP = { height: 2, width: 3 };
const OFFSETS = [10, 20, 30];
const BATCH = 2;

/** From the crop's pixel indices to the canvas's, one for each image. */
const MAPS = {
  "zoomed in and rotated": [0.6, -0.2, 2.1, 0.2, 0.6, 1.3, 0.5, 0.3, 1.2, -0.3, 0.5, 3.4],
  "far over the edges": [1.9, 0.4, -2.3, -0.4, 1.9, -1.7, 2.2, 0, 3.5, 0, 2.2, 2.5],
  "on the pixels themselves": [1, 0, 2, 0, 1, 1, 1, 0, 0, 0, 1, 2],
  "outside altogether": [1, 0, 40, 0, 1, -30, 1, 0, -50, 0, 1, 60],
};

interface Options {
  readonly provider?: Provider;
  readonly cropSize?: typeof CROP;
  readonly surround?: SurroundName;
}

async function run(
  map: readonly number[],
  { provider = "cpu", cropSize = CROP, surround = "grey" }: Options = {},
) {
  const graph = new GraphBuilder();
  const shape = [BATCH, 3, CANVAS.height, CANVAS.width];
  const cropShape = [BATCH, 3, cropSize.height, cropSize.width];
  const image = graph.input("image", "float32", shape);
  const affine = graph.input("affine", "float32", [BATCH, 2, 3]);
  const cotangent = graph.input("cotangent", "float32", cropShape);
  const options = { canvasSize: CANVAS, cropSize, offsets: OFFSETS, surround, provider };
  const { seen, pullback } = emitAffineCrop(graph, image, affine, options);
  const built = graph.build("crop", [
    ["seen", seen],
    ["gradient", pullback(cotangent)],
  ]);
  const feeds = {
    image: normal(shape, 5),
    affine: floatTensor([BATCH, 2, 3], map),
    cotangent: normal(cropShape, 6),
  };
  const outputs = await runGraph(built, feeds);
  return { ...feeds, seen: outputs["seen"]!.data, gradient: outputs["gradient"]!.data };
}

/**
 * Bilinear, by the tent of each canvas pixel; beyond the edges nothing, or the same pixel a whole
 * number of canvases away.
 */
function read(plane: ArrayLike<number>, x: number, y: number, surround: SurroundName): number {
  const tent = (distance: number, period: number) => {
    const nearest =
      distance - (surround === "wrapped" ? period * Math.round(distance / period) : 0);
    return Math.max(0, 1 - Math.abs(nearest));
  };
  let sum = 0;
  for (let i = 0; i < CANVAS.height; i++) {
    for (let j = 0; j < CANVAS.width; j++) {
      const weight = tent(x - j, CANVAS.width) * tent(y - i, CANVAS.height);
      sum += weight * plane[i * CANVAS.width + j]!;
    }
  }
  return sum;
}

const SURROUND_NAMES = ["grey", "wrapped"] as const;

describe.each(Object.entries(MAPS))("%s", (_, map) => {
  test.each(SURROUND_NAMES)(
    "each pixel is read between four of the canvas (%s)",
    async (surround) => {
      const { image, seen } = await run(map, { surround });
      const cells = CANVAS.height * CANVAS.width;
      seen.forEach((value, at) => {
        const pixel = at % (CROP.height * CROP.width);
        const plane = Math.floor(at / (CROP.height * CROP.width));
        const [u, v] = [pixel % CROP.width, Math.floor(pixel / CROP.width)];
        const [a, b, c, d, e, f] = map.slice(Math.floor(plane / 3) * 6) as [
          number,
          number,
          number,
          number,
          number,
          number,
        ];
        const source = image.data.subarray(plane * cells, (plane + 1) * cells);
        const wanted =
          read(source, a * u + b * v + c, d * u + e * v + f, surround) + OFFSETS[plane % 3]!;
        expect(Math.abs(value - wanted)).toBeLessThan(2e-5);
      });
    },
  );

  test.each(
    SURROUND_NAMES.flatMap((surround) => [
      ...PROVIDERS.map((provider) => ({ surround, provider, cropSize: CROP })),
      { surround, provider: "cpu" as const, cropSize: SMALL_CROP },
    ]),
  )("<v, J u> = <J^T v, u> ($surround, $provider, $cropSize)", async (options) => {
    const { cropSize } = options;
    const { image, cotangent, seen, gradient } = await run(map, options);
    const pixels = cropSize.height * cropSize.width;
    const change = seen.map((value, i) => value - OFFSETS[Math.floor(i / pixels) % 3]!);
    const onCrops = dot(cotangent.data, change);
    expect(Math.abs(onCrops - dot(gradient, image.data))).toBeLessThan(2e-4);
    // a negative control: another image has another product, where the crop shows any of it
    const isSeen = change.some((value) => value !== 0);
    const other = dot(gradient, image.data.toReversed());
    expect(Math.abs(onCrops - other) > 1e-2).toBe(isSeen);
  });
});

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Array.from(a).reduce((sum, value, i) => sum + value * b[i]!, 0);
}
