import { crc32, deflateSync } from "node:zlib";

import sharp from "sharp";
import { expect, test } from "vitest";

import { colorDetail } from "../../lib/image/color-detail.ts";
import { ImageError } from "../../lib/image/errors.ts";
import {
  convertSheet,
  decodeImage,
  encodePng,
  encodeSheet,
  resizeRaster,
  webpOptions,
} from "../../lib/image/png.ts";
import { filledRaster, fillRectangle, type Raster } from "../../lib/image/raster.ts";
import { fixture } from "./fixture.ts";

/** 5 x 3, every byte another. */
const DISTINCT: Raster = {
  width: 5,
  height: 3,
  data: Uint8Array.from({ length: 45 }, (_, i) => (i * 37) % 256),
};

test("a PNG holds the very pixels, and is the same file each time", async () => {
  const png = await encodePng(DISTINCT);
  expect(await decodeImage(png)).toEqual(DISTINCT);
  expect(await encodePng(DISTINCT)).toEqual(png);
});

test("the EXIF orientation is applied", async () => {
  const upright = await decodeImage(await fixture("orientation-6.jpg"));
  expect([upright.width, upright.height]).toEqual([8, 16]);
  const colorAt = (y: number) => [...upright.data.subarray(y * 8 * 3, y * 8 * 3 + 3)];
  expectNear(colorAt(2), [250, 10, 10]);
  expectNear(colorAt(13), [10, 10, 250]);
  expect(() => expectNear(colorAt(13), [250, 10, 10])).toThrow("want 250");
});

test("transparency is flattened on black", async () => {
  const { data } = await decodeImage(await fixture("rgba.png"));
  expect([...data]).toEqual([0, 128, 0, 10, 20, 30]);
});

test("16 bits become 8, grey becomes colour", async () => {
  const { data } = await decodeImage(await fixture("grey-16-bit.png"));
  expect([...data]).toEqual([0, 0, 0, 128, 128, 128, 255, 255, 255]);
});

test("reads WebP", async () => {
  const { data } = await decodeImage(await fixture("lossless.webp"));
  expect([...data]).toEqual([200, 100, 50, 1, 2, 3]);
});

test("of an animation the first frame counts", async () => {
  const frame = await decodeImage(await fixture("animation.webp"));
  expect(frame).toEqual(filledRaster({ width: 4, height: 3 }, [0, 0, 255]));
});

test("files that are cut short or changed are damaged, not half decoded", async () => {
  const noise = Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * i * 31) >> 3);
  const png = await encodePng({ width: 64, height: 64, data: noise });
  const changed = Uint8Array.from(png, (byte, i) => (i === png.length >> 1 ? byte ^ 255 : byte));
  const jpeg = await fixture("orientation-6.jpg");
  for (const bytes of [
    png.subarray(0, png.length >> 1),
    changed,
    jpeg.subarray(0, jpeg.length - 90),
    png.subarray(0, 8),
  ]) {
    await expect(decodeImage(bytes)).rejects.toThrow(/^the (PNG|JPEG) image is damaged: ./);
  }
  await expect(decodeImage(png)).resolves.toMatchObject({ width: 64 });
});

test.each([
  ["an SVG", "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>"],
  ["a GIF", "GIF89a\x01\0\x01\0\0\0\0;"],
  ["text", "hello"],
  ["nothing", ""],
])("%s is refused before any decoder sees it", async (_, text) => {
  const decoded = decodeImage(Buffer.from(text, "latin1"));
  await expect(decoded).rejects.toThrow(ImageError);
  await expect(decoded).rejects.toThrow("are no PNG, JPEG or WebP");
});

test("an image above the pixel limit is refused from its header", async () => {
  const png = await encodePng(filledRaster({ width: 21, height: 10 }, [1, 2, 3]));
  await expect(decodeImage(png, { pixelLimit: 209 })).rejects.toThrow("21x10 pixels, want at most");
  await expect(decodeImage(png, { pixelLimit: 210 })).resolves.toMatchObject({ width: 21 });
  // 60,000 x 60,000 pixels claimed by a header of 33 bytes: the limit, not memory, must decide
  const claim = Uint8Array.from(png);
  new DataView(claim.buffer).setUint32(16, 60_000);
  new DataView(claim.buffer).setUint32(20, 60_000);
  await expect(decodeImage(claim)).rejects.toThrow(ImageError);
});

test.each([
  { width: 50_000_000, height: 1 },
  { width: 1, height: 16_385 },
  { width: 16_384, height: 1_025 },
  { width: 900_000, height: 900_000 },
])("a header of $width x $height pixels is refused, whatever follows it", async (size) => {
  const { width, height } = size;
  await expect(decodeImage(claimOf(size))).rejects.toThrow(
    `the image has ${width}x${height} pixels, want at most 16777216 and no side above 16384`,
  );
});

test.each([
  { width: 16_384, height: 1_024 },
  { width: 1, height: 16_384 },
])("a header of $width x $height pixels is not", async (size) => {
  // the pixels are looked for, and are not there
  await expect(decodeImage(claimOf(size))).rejects.toThrow("the PNG image is damaged");
});

/** A PNG without pixels whose header is right but for its size. */
function claimOf({ width, height }: { width: number; height: number }): Uint8Array {
  const chunk = (type: string, body: Buffer) => {
    const [typed, length, sum] = [Buffer.from(type + body.toString("latin1"), "latin1")].flatMap(
      (bytes) => [bytes, Buffer.alloc(4), Buffer.alloc(4)],
    );
    length!.writeUInt32BE(body.length);
    sum!.writeUInt32BE(crc32(typed!));
    return [length!, typed!, sum!];
  };
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 2, 0, 0, 0]);
  header.writeUInt32BE(width);
  header.writeUInt32BE(height, 4);
  const signature = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");
  const pixels = deflateSync(Buffer.alloc(1));
  const chunks = [...chunk("IHDR", header), ...chunk("IDAT", pixels)];
  return Uint8Array.from(Buffer.concat([signature, ...chunks, ...chunk("IEND", Buffer.alloc(0))]));
}

test("resizing hits the size asked for and keeps a flat colour", async () => {
  const resized = await resizeRaster(filledRaster({ width: 9, height: 4 }, [7, 77, 177]), {
    width: 5,
    height: 13,
  });
  expect(resized).toEqual(filledRaster({ width: 5, height: 13 }, [7, 77, 177]));
});

const ABOUT = { software: "drawn by 1.2.3", text: '{"layer":"conv\\u00e9"}' };

/** What the Exif data of a file has as text. */
const exifOf = async (file: Uint8Array) => (await sharp(file).metadata()).exif?.toString("latin1");

test.each(["png", "jpeg", "webp"] as const)(
  "a sheet is a %s file, made or converted, and says what it is",
  async (format) => {
    const sheet = filledRaster({ width: 40, height: 24 }, [200, 40, 90]);
    const png = await encodeSheet(sheet, "png", ABOUT);
    const made = await encodeSheet(sheet, format, ABOUT);
    expect(await encodeSheet(sheet, format, ABOUT)).toEqual(made);
    const converted = await convertSheet(png, "png", format);
    for (const file of [made, converted]) {
      expect((await sharp(file).metadata()).format).toBe(format);
      for (const said of Object.values(ABOUT)) expect(await exifOf(file)).toContain(said);
    }
    // 72 of 1 pixels an inch, twice, as TIFF and so Exif has them
    const resolution = Buffer.from("48000000010000004800000001000000", "hex").toString("latin1");
    for (const file of [made, converted]) expect(await exifOf(file)).toContain(resolution);
    const { width, height, data } = await decodeImage(made);
    expect([width, height]).toEqual([40, 24]);
    expectNear([...data.subarray(0, 3)], [200, 40, 90]);
    expect((await decodeImage(converted)).data).toEqual(data);
  },
);

/** 64 x 64 of two colours of one luminance, 100; on and off in lines of so many pixels. */
function lines(pixels: number): Raster {
  const raster = filledRaster({ width: 64, height: 64 }, [100, 100, 100]);
  for (let y = 0; y < 64; y++) {
    if (y % (2 * pixels) < pixels) continue;
    fillRectangle(raster, { x: 0, y, width: 64, height: 1 }, [200, 49, 100]);
  }
  return raster;
}

test.each([
  [1, true],
  [8, false],
])("of colours in lines of %i pixels WebP keeps those lines: %s", async (pixels, isFine) => {
  const sheet = lines(pixels);
  // red and blue less their luminance are 100 apart from line to line
  expect(colorDetail(sheet)).toBeCloseTo(isFine ? Math.sqrt(50 ** 2 / 2) : 0, 0);
  const webp = await encodeSheet(sheet, "webp", ABOUT);
  const { data } = await decodeImage(webp);
  const png = await encodeSheet(sheet, "png", ABOUT);
  expect((await decodeImage(await convertSheet(png, "png", "webp"))).data).toEqual(data);
  const off = data.map((value, i) => Math.abs(value - sheet.data[i]!));
  expect(Math.max(...off)).toBeLessThanOrEqual(isFine ? 4 : 60);
  expect(isLossless(webp)).toBe(isFine);
});

const isLossless = (webp: Uint8Array) => Buffer.from(webp).includes("VP8L");

test("a WebP too large to be written with fine colours in 3 GB has those of any other", async () => {
  const fine = async (height: number) =>
    webpOptions({ size: { width: 8_192, height }, raster: () => lines(1) });
  expect(await fine(4_096)).toEqual({ quality: 40, nearLossless: true });
  expect(await fine(4_097)).toEqual({ quality: 90 });
});

test("a picture of one pixel has no detail of colour", () => {
  expect(colorDetail(filledRaster({ width: 1, height: 1 }, [1, 2, 3]))).toBe(0);
});

test("a sheet with a side too long for its format is refused", async () => {
  const long = (width: number) => filledRaster({ width, height: 1 }, [0, 0, 0]);
  const refusal = "the sheet has 16384x1 pixels, and webp holds 16383 a side; take png";
  await expect(encodeSheet(long(16_384), "webp", ABOUT)).rejects.toThrow(refusal);
  const png = await encodePng(long(16_384));
  await expect(convertSheet(png, "png", "webp")).rejects.toThrow(refusal);
  const longest = sharp(await encodeSheet(long(16_383), "webp", ABOUT));
  expect(await longest.metadata()).toMatchObject({ format: "webp", width: 16_383, height: 1 });
});

test("a buffer of the wrong length is refused", async () => {
  const short = { width: 3, height: 2, data: new Uint8Array(17) };
  await expect(encodePng(short)).rejects.toThrow("an image of 3x2 has 17 values");
});

/** JPEG is lossy, by a few levels in flat areas. */
function expectNear(color: readonly number[], wanted: readonly number[]): void {
  wanted.forEach((value, i) => {
    if (Math.abs(color[i]! - value) > 6)
      throw new Error(`colour ${i} is ${color[i]}, want ${value}`);
  });
  expect(color).toHaveLength(wanted.length);
}
