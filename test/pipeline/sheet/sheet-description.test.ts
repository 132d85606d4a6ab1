import { expect, test } from "vitest";

import { sheetDescription } from "../../../lib/pipeline/sheet/sheet-description.ts";
import { CODE_VERSION } from "../../../lib/pipeline/version.ts";
import { memoryPipeline, TINY_REQUEST } from "../../support/memory-pipeline.ts";

const montage = { title: "Schicht „wide“, 層 😀" };

test("a sheet says by which code and by which request it was drawn, in ASCII", async () => {
  const { accept } = await memoryPipeline();
  const plan = await accept({ channels: [5, 3], montage });
  const { software, text } = sheetDescription(plan);
  expect(software).toBe(CODE_VERSION);
  expect(text).toMatch(/^[ -~]+$/);
  const { channels: _, ...rest } = TINY_REQUEST;
  const request = { ...rest, channels: [5, 3], method: "deepdream", montage };
  expect(JSON.parse(text)).toEqual(request);
  expect((await accept(JSON.parse(text))).requestHash).toBe(plan.requestHash);
});

test("a request that no file has room for is said without its lists", async () => {
  const { accept } = await memoryPipeline({ wideChannels: 200 });
  const labels = Array.from({ length: 200 }, (_, i) => `層${i}`.padEnd(100, "層"));
  const { channels: _, ...rest } = TINY_REQUEST;
  const described = async (count: number) => {
    const request = {
      channels: `1:${count}` as const,
      montage: { labels: labels.slice(0, count) },
    };
    return JSON.parse(sheetDescription(await accept(request)).text) as object;
  };
  expect(await described(90)).toHaveProperty("montage.labels.length", 90);
  expect(await described(200)).toEqual({ ...rest, method: "deepdream" });
});
