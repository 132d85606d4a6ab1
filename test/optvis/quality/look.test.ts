import { expect, test } from "vitest";

import type { Raster } from "../../../lib/image/raster.ts";
import { qualityCard } from "../../../lib/optvis/quality/card.ts";
import { look } from "../../../lib/optvis/quality/look.ts";
import { powerSpectrum } from "../../../lib/optvis/quality/power-spectrum.ts";
import { uniformFrom } from "../../../lib/optvis/random.ts";

interface Wave {
  /** Cycles a picture, down and to the right. */
  readonly cycles: readonly [down: number, right: number];
  /** Of 0..255. */
  readonly amplitude: number;
}

/** A grey picture of cosine waves about 128. */
function waves(height: number, width: number, parts: readonly Wave[]): Raster {
  const data = Array.from({ length: height * width }, (_, i) => {
    const [y, x] = [Math.floor(i / width), i % width];
    const values = parts.map(({ cycles: [down, right], amplitude }) => {
      return amplitude * Math.cos(2 * Math.PI * ((down * y) / height + (right * x) / width));
    });
    const value = Math.round(values.reduce((sum, each) => sum + each, 128));
    return [value, value, value];
  });
  return { height, width, data: Uint8Array.from(data.flat()) };
}

function noise(height: number, width: number): Raster {
  const uniform = uniformFrom("noise of a test");
  const data = Uint8Array.from({ length: height * width * 3 }, () => 256 * uniform());
  return { height, width, data };
}

test("the spectrum is the defining sum, for lengths of any factors", () => {
  const [height, width] = [15, 14];
  const uniform = uniformFrom("spectrum of a test");
  const values = Float64Array.from({ length: height * width }, uniform);
  const wanted = new Map<string, number>();
  for (let v = 0; v < height; v++) {
    for (let u = 0; u < width; u++) {
      let [re, im] = [0, 0];
      values.forEach((value, i) => {
        const turns = (v * Math.floor(i / width)) / height + (u * (i % width)) / width;
        re += value * Math.cos(2 * Math.PI * turns);
        im += value * Math.sin(2 * Math.PI * turns);
      });
      const frequency = Math.hypot(
        Math.min(v, height - v) / height,
        Math.min(u, width - u) / width,
      );
      const key = frequency.toFixed(9);
      wanted.set(key, (wanted.get(key) ?? 0) + re ** 2 + im ** 2);
    }
  }
  const given = new Map<string, number>();
  powerSpectrum(values, { height, width }, (frequency, power) => {
    const key = frequency.toFixed(9);
    given.set(key, (given.get(key) ?? 0) + power);
  });
  expect([...given.keys()].toSorted()).toEqual([...wanted.keys()].toSorted());
  for (const [key, power] of wanted) expect(given.get(key)! / power).toBeCloseTo(1, 9);
});

test("of two waves, the fine one's share is that of its squared amplitude", () => {
  // 20/64 = 0.31 and 5/80 = 0.06 cycles a pixel; 0.8 = 80^2 / (80^2 + 40^2)
  const picture = waves(64, 80, [
    { cycles: [20, 3], amplitude: 80 },
    { cycles: [2, 5], amplitude: 40 },
  ]);
  const { fineShare, luminanceDeviation } = look(picture);
  expect(fineShare).toBeCloseTo(0.8, 3);
  expect(luminanceDeviation).toBeCloseTo(Math.sqrt((80 ** 2 + 40 ** 2) / 2) / 255, 3);
});

test.each([
  ["below", [0, 20], 0],
  ["above", [0, 21], 1],
  // each below a quarter alone, 0.27 together
  ["above, aslant", [15, 16], 1],
] as const)("a wave %s a quarter cycle a pixel counts %s", (_, cycles, share) => {
  const { fineShare } = look(waves(81, 83, [{ cycles, amplitude: 100 }]));
  expect(fineShare).toBeCloseTo(share, 2);
});

test("a flat picture of any colour has no power, and is blank", () => {
  const data = Uint8Array.from({ length: 3 * 35 * 49 }, (_, i) => [90, 131, 77][i % 3]!);
  const flat = look({ height: 35, width: 49, data });
  expect(flat).toEqual({ luminanceDeviation: 0, fineShare: 0 });
  expect(qualityCard(flat, null).marks).toContain("blank");
});

test("a checkerboard is all fine, white noise four fifths, a ramp hardly", () => {
  const board = Array.from({ length: 40 * 30 }, (_, i) => 255 * ((Math.floor(i / 30) + i) % 2));
  const data = Uint8Array.from(board.flatMap((value) => [value, value, value]));
  expect(look({ height: 40, width: 30, data })).toEqual({
    luminanceDeviation: expect.closeTo(0.5, 6) as number,
    fineShare: expect.closeTo(1, 9) as number,
  });
  // a circle of radius 1/4 in a square of side 1
  expect(look(noise(120, 90)).fineShare).toBeCloseTo(1 - Math.PI / 16, 1);
  const ramp = Array.from({ length: 60 * 70 }, (_, i) => 3 * Math.floor(i / 70));
  const ramps = Uint8Array.from(ramp.flatMap((value) => [value, value, value]));
  // a ramp of N steps has the power 1 / sin^2(pi k / N) at k cycles
  const power = (k: number) => 1 / Math.sin((Math.PI * k) / 60) ** 2;
  const sum = (first: number, last: number) =>
    Array.from({ length: last - first + 1 }, (_, i) => power(first + i)).reduce((a, b) => a + b);
  const { fineShare } = look({ height: 60, width: 70, data: ramps });
  expect(fineShare).toBeCloseTo(sum(16, 44) / sum(1, 59), 9);
});

test("a picture beyond the largest window is measured by windows from edge to edge", () => {
  const wide = waves(40, 1700, [{ cycles: [0, 17], amplitude: 60 }]);
  expect(look(wide).fineShare).toBeLessThan(0.01);
  // fine detail in the right-hand edge alone
  const { data } = waves(40, 1700, [{ cycles: [0, 680], amplitude: 60 }]);
  for (let i = 0; i < data.length; i += 3) {
    if ((i / 3) % 1700 < 1300) data.fill(128, i, i + 3);
  }
  expect(look({ height: 40, width: 1700, data }).fineShare).toBeGreaterThan(0.9);
});

test("luminance weighs the colours: green alone varies more than blue alone", () => {
  const stripes = (colour: number) => {
    const data = new Uint8Array(3 * 20 * 24);
    for (let i = 0; i < 20 * 24; i++) data[3 * i + colour] = i % 24 < 12 ? 0 : 200;
    return look({ height: 20, width: 24, data }).luminanceDeviation;
  };
  expect(stripes(1)).toBeCloseTo((0.587 * 100) / 255, 6);
  expect(stripes(2)).toBeCloseTo((0.114 * 100) / 255, 6);
});
