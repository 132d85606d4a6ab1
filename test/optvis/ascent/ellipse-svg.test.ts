import { afterAll, expect, test } from "vitest";

import { loadSharp } from "../../../lib/image/load-sharp.ts";
import type { Planes } from "../../../lib/image/raster.ts";
import { AscentEngine } from "../../../lib/optvis/ascent/engine.ts";
import { fourierTaskOf } from "./engine-task.ts";

const engine = new AscentEngine({ threads: 1 });
afterAll(() => engine.close());

const task = fourierTaskOf([2], {
  recipe: { iterations: 3, ellipses: 6, initialDeviation: 0.2, saturation: 2 },
});

/** Red, green and blue of each pixel, without alpha. */
async function pixelsOf(svg: string): Promise<Uint8Array> {
  const sharp = await loadSharp();
  return sharp(Buffer.from(svg)).removeAlpha().raw().toBuffer();
}

/** Mean difference of an image's colours from a document's, in units of 0..255. */
async function differenceFrom(svg: string, image: Planes): Promise<number> {
  const { mean, planes } = task.network;
  const shown = await pixelsOf(svg);
  const pixels = image.width * image.height;
  const differences = Array.from(image.data, (value, i) => {
    const plane = Math.floor(i / pixels);
    return Math.abs(value + mean[plane]! - shown[3 * (i % pixels) + planes[plane]!]!);
  });
  return differences.reduce((sum, each) => sum + each, 0) / differences.length;
}

test("the SVG document of an image in ellipses shows the image", async () => {
  const [drawn, other] = await engine.render({ ...task, channels: [2, 5] });
  if (drawn?.kind !== "image" || other?.kind !== "image") throw new Error("not drawn");
  expect(await differenceFrom(drawn.svg!, drawn.image)).toBeLessThan(1);
  expect(await differenceFrom(other.svg!, other.image)).toBeLessThan(1);
  // a negative control
  expect(await differenceFrom(drawn.svg!, other.image)).toBeGreaterThan(5);
});

test("an image in waves has none", async () => {
  const [drawn] = await engine.render(fourierTaskOf([2], { recipe: { iterations: 1 } }));
  expect(drawn).not.toHaveProperty("svg");
});
