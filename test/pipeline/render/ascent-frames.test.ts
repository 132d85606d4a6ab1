import sharp from "sharp";
import { expect, test } from "vitest";

import { render } from "../../../lib/dreamgrid.ts";
import { decodeImage } from "../../../lib/image/png.ts";
import type { Planes, Size } from "../../../lib/image/raster.ts";
import { linearScale } from "../../../lib/image/rescale.ts";
import { AscentFrames } from "../../../lib/pipeline/render/ascent-frames.ts";

function ramp({ width, height }: Size, [low, high]: readonly [number, number]): Planes {
  const count = 3 * width * height;
  const data = Float32Array.from(
    { length: count },
    (_, i) => low + ((high - low) * i) / (count - 1),
  );
  return { width, height, data };
}

/** Mean grey of each frame. */
async function greysOf(bytes: Uint8Array): Promise<readonly number[]> {
  const { pages = 1 } = await sharp(bytes, { animated: true }).metadata();
  const greys: number[] = [];
  for (let page = 0; page < pages; page++) {
    const { channels } = await sharp(bytes, { page }).removeAlpha().stats();
    greys.push(channels.reduce((sum, { mean }) => sum + mean, 0) / 3);
  }
  return greys;
}

test("all frames are shown by the last one's scale, at its size, in order", async () => {
  const frames = new AscentFrames();
  const flat = (value: number, size: Size) => ramp(size, [value, value]);
  const small = { width: 12, height: 8 };
  const large = { width: 24, height: 16 };
  // later and earlier iterations may come from different threads; another channel's are its own
  await frames.take({ channel: 4, iteration: 5, image: flat(25, small) });
  await frames.take({ channel: 7, iteration: 5, image: flat(90, small) });
  await frames.take({ channel: 4, iteration: 9, image: flat(75, large) });
  // begun anew: what it was before is not shown
  await frames.take({ channel: 4, iteration: 0, image: flat(99, small) });
  await frames.take({ channel: 4, iteration: 0, image: flat(0, small) });
  const image = ramp(large, [0, 100]);
  const shown = { byteOf: linearScale(image), kind: "colours", format: "webp" } as const;
  const { bytes, seconds } = await frames.animation(4, image, shown);
  const metadata = await sharp(bytes, { animated: true }).metadata();
  expect(metadata).toMatchObject({ width: 24, pageHeight: 16, delay: [100, 100, 100, 1500] });
  expect(seconds).toBeCloseTo(1.8, 9);
  // of 255: 0, a quarter, three quarters, and the ramp's half
  const greys = await greysOf(bytes);
  [0, 63.75, 191.25, 127.5].forEach((grey, i) =>
    expect(Math.abs(greys[i]! - grey)).toBeLessThan(4),
  );

  // what has been shown is forgotten
  const again = await frames.animation(4, image, shown);
  expect(again.seconds).toBe(1.5);
});

test("what is held of a large image is small", async () => {
  const frames = new AscentFrames();
  const image = ramp({ width: 2048, height: 1024 }, [0, 1]);
  await frames.take({ channel: 1, iteration: 0, image });
  const shown = { byteOf: linearScale(image), kind: "colours", format: "webp" } as const;
  const { bytes } = await frames.animation(1, image, shown);
  expect(await sharp(bytes).metadata()).toMatchObject({ width: 512, height: 256 });
});

test.each([
  { method: "deepdream", pyramidLevels: 2, numIterations: 3, animation: "webp" },
  {
    method: "fourier",
    preset: "channels",
    numIterations: 4,
    canvasSize: 40,
    cropSize: 32,
    animation: "gif",
  },
] as const)(
  "a request's animation ends with its tile, which it does not change: $method",
  async ({ animation, ...fields }) => {
    const drawn = async (more: object) => {
      const what = { network: "emojinet", layer: 2, channels: [3], ...fields, ...more };
      for await (const event of render(what, { threads: 1 })) {
        if (event.kind === "image") return event;
      }
      throw new Error("no image");
    };
    const [still, moving] = [await drawn({}), await drawn({ animation })];
    expect(still.animation).toBeNull();
    expect(moving.png).toEqual(still.png);
    const tile = await decodeImage(still.png);
    const { pages, format, width, delay } = await sharp(moving.animation!, {
      animated: true,
    }).metadata();
    expect({ format, width }).toEqual({ format: animation, width: tile.width });
    // all iterations, of both levels, and the end; frames that look the same may be one
    const iterations = fields.numIterations * (fields.method === "deepdream" ? 2 : 1);
    expect(delay!.reduce((sum, ms) => sum + ms, 0)).toBe(100 * iterations + 1500);
    const distance = async (page: number) => {
      const pixels = await sharp(moving.animation!, { page }).removeAlpha().raw().toBuffer();
      const apart = pixels.map((value, i) => Math.abs(value - tile.data[i]!));
      return apart.reduce((sum, value) => sum + value, 0) / apart.length;
    };
    // what the formats lose is less than what the ascent has done
    expect(await distance(pages! - 1)).toBeLessThan(0.5 * (await distance(0)));
  },
);
