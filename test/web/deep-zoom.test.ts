import { describe, expect, test } from "vitest";

import { CHROMIUM, expectAccessible, openPage, PATIENT } from "./browser.ts";
import { postJob, tinyServiceAndBrowser } from "./tiny-service.ts";

describe.skipIf(CHROMIUM === null)("the deep zoom", () => {
  const { browser, url } = tinyServiceAndBrowser();

  test("opens a sheet too large for one image, piece by piece", async () => {
    // wider than one image may be, and low, so that it is quickly made
    const montage = { gridSize: [1, 900] };
    const response = await postJob(url(), { channels: "1:3", montage });
    const { jobId } = (await response.json()) as { jobId: string };
    const { page, complaints } = await openPage(browser());
    const pieces: { readonly level: number; readonly status: number }[] = [];
    page.on("response", (piece) => {
      const [, level] = /deep-zoom\/(\d+)\/\d+\/\d+$/.exec(piece.url()) ?? [];
      if (level !== undefined) pieces.push({ level: Number(level), status: piece.status() });
    });
    await page.goto(`${url()}/#/-/jobs/${jobId}`);
    const sheet = page.getByRole("region", { name: "the sheet of tiny, wide" });
    await sheet.locator("canvas").first().waitFor();
    await expect.poll(() => pieces.length, PATIENT).toBeGreaterThan(0);
    const first = Math.max(...pieces.map(({ level }) => level));
    await sheet.scrollIntoViewIfNeeded();
    await sheet.hover();
    const zoomIn = async () => {
      await page.mouse.wheel(0, -500);
      return Math.max(...pieces.map(({ level }) => level));
    };
    await expect.poll(zoomIn, PATIENT).toBeGreaterThan(first);
    // each leads on to its object
    expect(new Set(pieces.map(({ status }) => status))).toEqual(new Set([302]));
    await page.getByText(/estimated: about .* of one core/).waitFor();
    await expectAccessible(page);
    expect(complaints).toEqual([]);
    await page.close();
  });
});
