import { expect, test } from "vitest";

import type { ChannelResult } from "../../../lib/pipeline/job/result.ts";
import { resultOf } from "../../../lib/pipeline/job/result.ts";
import {
  describeSheetQuality,
  sheetQuality,
  sheetQualitySchema,
} from "../../../lib/pipeline/sheet/sheet-quality.ts";

type Quality = Extract<ChannelResult, { state: "ok" }>["quality"];

const NOW = new Date("2026-11-01T00:00:00Z");

function drawn(channel: number, quality: Quality): ChannelResult {
  const tile = { key: "tile", sha256: "0".repeat(64), width: 3, height: 4 };
  const run = { activation: 1, seconds: 1, provider: "cpu", seed: 0, restarts: 0 } as const;
  const ending = { state: "ok", tile, raw: null, ...run, quality } as const;
  return resultOf("job", channel, { ...ending, trace: [] }, { attempts: 1, now: NOW });
}

const CLEAR: Quality = {
  luminanceDeviation: 0.3,
  fineShare: 0.02,
  source: { activation: 5, probability: 0.9, rank: 1, robustness: 0.5 },
  selective: true,
  marks: [],
  redrawn: false,
};
const POOR: Quality = {
  luminanceDeviation: 0.02,
  fineShare: 0.2,
  source: { activation: 1, probability: 0.3, rank: 4, robustness: 0.1 },
  selective: false,
  marks: ["blank", "noisy", "fragile"],
  redrawn: true,
};

test("a summary of one image is read again as it was written", () => {
  const quality = sheetQuality([drawn(4, POOR)])!;
  expect(quality).toMatchObject({ tiles: 1, meanFineShare: 0.2, blank: 1, redrawn: 1 });
  expect(sheetQualitySchema.parse(JSON.parse(JSON.stringify(quality)))).toEqual(quality);
});

test("a sheet's summary has the means and shares of its images alone", () => {
  const failure = { state: "failed", source: "renderer", reason: "dead" } as const;
  const failed = resultOf("job", 3, failure, { attempts: 1, now: NOW });
  const unmeasured: Quality = { ...CLEAR, source: null, selective: false, marks: ["fragile"] };
  const cards = [CLEAR, POOR, CLEAR, unmeasured];
  const results = [...cards.map((card, i) => drawn(i + 4, card)), failed];
  const quality = sheetQuality(results)!;
  const { meanLuminanceDeviation, meanFineShare, meanProbability, meanRobustness, ...rest } =
    quality;
  expect(meanLuminanceDeviation).toBeCloseTo(0.92 / 4, 12);
  expect(meanFineShare).toBeCloseTo(0.26 / 4, 12);
  expect(meanProbability).toBeCloseTo(2.1 / 4, 12);
  expect(meanRobustness).toBeCloseTo(1.1 / 4, 12);
  const shares = { selective: 0.5, robust: 0.5, blank: 0.25, washedOut: 0, noisy: 0.25 };
  expect(rest).toEqual({ tiles: 4, ...shares, redrawn: 0.25 });
  expect(describeSheetQuality(quality)).toBe(
    "selective 50 %, robust 50 % (mean 0.28), luminance deviation 0.23, fine detail 7 %, blank 25 %, redrawn 25 %",
  );
});

test("channels that are no classes have no probability; without an image there is no summary", () => {
  const source = { activation: 5, probability: null, rank: 1, robustness: 1 };
  expect(sheetQuality([drawn(1, { ...CLEAR, source })])?.meanProbability).toBeNull();
  expect(sheetQuality([])).toBeNull();
});

test("what is no one channel counts neither for nor against the channels", () => {
  const direction: Quality = { ...POOR, source: null, selective: null, marks: ["blank"] };
  const mixed = sheetQuality([drawn(1, CLEAR), drawn(2, direction)])!;
  expect(mixed).toMatchObject({ selective: 1, robust: 1, meanRobustness: 0.5, blank: 0.5 });
  const alone = sheetQuality([drawn(2, direction)])!;
  expect(alone).toMatchObject({ selective: null, robust: null, meanRobustness: null, blank: 1 });
  expect(describeSheetQuality(alone)).toBe(
    "luminance deviation 0.02, fine detail 20 %, blank 100 %, redrawn 100 %",
  );
});
