import { afterAll, expect, test } from "vitest";

import { loadSharp } from "../../../lib/image/load-sharp.ts";
import { floatTensor, sizeOf } from "../../../lib/onnx/tensor.ts";
import { svgOfEllipses } from "../../../lib/optvis/ascent/ellipse-svg.ts";
import { AscentEngine } from "../../../lib/optvis/ascent/engine.ts";
import { fourierImageGraph } from "../../../lib/optvis/graph/fourier-graph.ts";
import {
  type EllipseImage,
  ellipseParameterShape,
} from "../../../lib/optvis/graph/parameterisation/ellipse-parameters.ts";
import { SessionWorker } from "../../../lib/optvis/runtime/session-worker.ts";
import { normal } from "../../support/random.ts";
import { runGraph } from "../../support/run-graph.ts";
import { fourierTaskOf, imageOf } from "./engine-task.ts";

const session = new SessionWorker();
const engine = new AscentEngine({ threads: 1 });
afterAll(() => Promise.all([session.close(), engine.close()]));

const PORTRAIT: EllipseImage = {
  size: { height: 60, width: 41 },
  ellipses: 9,
  saturation: 2,
  planes: [2, 0, 1],
};

/** Of one image, [K + 1, planes + 6]; far enough from zero for colours near black and white. */
function parametersOf(canvas: EllipseImage, seed: number) {
  const numbers = normal(ellipseParameterShape(canvas), seed);
  return floatTensor(
    numbers.shape,
    numbers.data.map((value) => 0.6 * value),
  );
}

/** Red, green and blue of each pixel, without alpha. */
async function pixelsOf(svg: string): Promise<Uint8Array> {
  const sharp = await loadSharp();
  return sharp(Buffer.from(svg)).removeAlpha().raw().toBuffer();
}

/** Mean difference of a document's colours from those of the image, in units of 0..255. */
async function difference(canvas: EllipseImage, svg: string, seed: number): Promise<number> {
  const { shape, data } = parametersOf(canvas, seed);
  const batch = floatTensor([1, ...shape], data);
  const { image } = await runGraph(fourierImageGraph(canvas, 1), { coefficients: batch });
  const shown = await pixelsOf(svg);
  const pixels = sizeOf(image!.shape.slice(2));
  const differences = Array.from(shown, (value, i) => {
    const plane = Math.max(0, canvas.planes.indexOf(i % 3));
    return Math.abs(127.5 + image!.data[plane * pixels + Math.floor(i / 3)]! - value);
  });
  return differences.reduce((sum, each) => sum + each, 0) / differences.length;
}

test.each([
  ["blue, red and green", PORTRAIT],
  ["grey", { ...PORTRAIT, size: { height: 33, width: 64 }, planes: [null] }],
])("an SVG document shows what is painted in planes of %s", async (_, canvas) => {
  const svg = (await svgOfEllipses(session, canvas, parametersOf(canvas, 5)))!;
  expect(await difference(canvas, svg, 5)).toBeLessThan(0.55);
  // a negative control
  expect(await difference(canvas, svg, 6)).toBeGreaterThan(20);
});

test("an ellipse begins where the sequence R2 strews it, in its middle four fifths", async () => {
  const start = floatTensor(ellipseParameterShape(PORTRAIT), new Float32Array(10 * 9));
  const svg = (await svgOfEllipses(session, PORTRAIT, start))!;
  const [, x, y] = /matrix\(.* (\S+) (\S+)\)/.exec(svg)!;
  // (1/2 + 1/p) and (1/2 + 1/p^2) modulo 1, p = 1.3247
  expect(Number(x)).toBeCloseTo(41 * (0.1 + 0.8 * 0.25488), 2);
  expect(Number(y)).toBeCloseTo(60 * (0.1 + 0.8 * 0.06984), 2);
});

test("planes that are no colours have none", async () => {
  const bands = { ...PORTRAIT, planes: [null, null, null, null] };
  expect(await svgOfEllipses(session, bands, parametersOf(bands, 5))).toBeNull();
});

test("an image in ellipses comes with its document, one in waves without", async () => {
  const recipe = { iterations: 1, ellipses: 6, initialDeviation: 0.2 };
  const [painted] = await engine.render(fourierTaskOf([2], { recipe }));
  expect(imageOf(painted).svg).toMatch(/^<svg xmlns[^]+<\/svg>\n$/);
  const [waves] = await engine.render(fourierTaskOf([2], { recipe: { iterations: 1 } }));
  expect(waves).not.toHaveProperty("svg");
});
