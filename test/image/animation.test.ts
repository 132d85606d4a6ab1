import sharp from "sharp";
import { expect, test } from "vitest";

import { animatedSize, encodeAnimation } from "../../lib/image/animation.ts";
import { filledRaster, type Raster, type Rgb } from "../../lib/image/raster.ts";

const SIZE = { width: 30, height: 20 };
const COLOURS: readonly Rgb[] = [
  [10, 10, 10],
  [200, 40, 40],
  [30, 90, 220],
  [240, 240, 240],
];
const frames = COLOURS.map((colour) => filledRaster(SIZE, colour));

test.each(["webp", "gif"] as const)(
  "%s: every frame in its order, the last one longer",
  async (format) => {
    const bytes = await encodeAnimation(frames, [100, 100, 100, 1500], format);
    const image = sharp(bytes, { animated: true });
    expect(await image.metadata()).toMatchObject({
      format,
      width: 30,
      pageHeight: 20,
      pages: 4,
      delay: [100, 100, 100, 1500],
      loop: 0,
    });
    const { data, info } = await image.removeAlpha().raw().toBuffer({ resolveWithObject: true });
    COLOURS.forEach((colour, frame) => {
      const centre = (frame * 20 + 10) * 30 + 15;
      const shown = [...data.subarray(centre * info.channels, centre * info.channels + 3)];
      // both lose a little of a colour
      colour.forEach((value, i) => expect(Math.abs(shown[i]! - value)).toBeLessThan(12));
    });
    expect(await encodeAnimation(frames, [100, 100, 100, 1500], format)).toEqual(bytes);
  },
);

test.each<[string, readonly Raster[]]>([
  ["of two widths", [frames[0]!, filledRaster({ ...SIZE, width: 15 }, [0, 0, 0])]],
  ["of two heights", [frames[0]!, filledRaster({ ...SIZE, height: 10 }, [0, 0, 0])]],
  ["none", []],
])("frames that make no animation are refused: %s", async (_, odd) => {
  await expect(encodeAnimation(odd, [], "webp")).rejects.toThrow(
    "want at least one, and all of one",
  );
});

test.each([
  [
    { width: 224, height: 192 },
    { width: 224, height: 192 },
  ],
  [
    { width: 512, height: 512 },
    { width: 512, height: 512 },
  ],
  [
    { width: 1024, height: 700 },
    { width: 512, height: 350 },
  ],
  [
    { width: 8, height: 4096 },
    { width: 1, height: 512 },
  ],
])("what is larger than a screen's part becomes smaller: %o", (size, wanted) => {
  expect(animatedSize(size)).toEqual(wanted);
});
