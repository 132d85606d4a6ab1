import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { encodeAnimation } from "../../../lib/image/animation.ts";
import { encodePng } from "../../../lib/image/png.ts";
import { ReportFile } from "../../../local/report/report-file.ts";
import { temporaryFolder } from "../../networks/temporary-folder.ts";
import { untilTrue } from "../../support/until.ts";
import {
  CHROMIUM,
  closePages,
  expectAccessible,
  openPage,
  PATIENT,
  sharedBrowser,
} from "../../web/browser.ts";
import { ATTACK, sampleSheet } from "./sample-sheet.ts";

describe.skipIf(CHROMIUM === null)("the report in a browser", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await sharedBrowser();
  });
  afterAll(closePages);

  /** Two sheets with a picture each, the second one's names an attack, its tiles in two columns. */
  async function open(embed: boolean, options?: Parameters<Browser["newPage"]>[0]) {
    const folder = await temporaryFolder();
    const pixels = { width: 30, height: 20, data: new Uint8Array(1800).fill(120) };
    for (const name of ["a", "50 % #1"]) {
      await mkdir(join(folder, `${name}.tiles`));
      await writeFile(join(folder, `${name}.tiles`, "00003.png"), await encodePng(pixels));
      const moving = await encodeAnimation([pixels, pixels], [100, 500], "webp");
      await writeFile(join(folder, `${name}.tiles`, "00003.webp"), moving);
    }
    const report = new ReportFile({ folder, embed });
    const sheets = [
      { name: "a", sheet: sampleSheet({ animation: "jobs/a1/tiles/00003.webp" }), image: "a.png" },
      {
        name: "50 % #1",
        image: "50 % #1.png",
        sheet: sampleSheet({ label: ATTACK, layer: ATTACK, reason: ATTACK, columns: 2 }),
      },
    ];
    await report.write(sheets, false);
    const { page, complaints } = await openPage(browser, options);
    const asked: string[] = [];
    page.on("request", (request) => void asked.push(request.url()));
    await page.goto(pathToFileURL(report.path).href);
    return { page, complaints, asked, path: report.path };
  }

  const shown = (page: Page) => page.locator("#viewer-title").textContent();
  const hasSize = (page: Page) =>
    page
      .locator(".tiles img")
      .evaluateAll((images) =>
        images.map((image) => (image as unknown as { naturalWidth: number }).naturalWidth),
      );

  test.each([false, true])("shows every picture and asks nobody, embedded: %s", async (embed) => {
    const { page, complaints, asked } = await open(embed);
    await expect.poll(() => hasSize(page), PATIENT).toEqual([30, 30]);
    const others = asked.filter((url) => !/^(?:file|data):/.test(url));
    expect({ others, complaints }).toEqual({ others: [], complaints: [] });
    expect(asked.filter((url) => url.startsWith("file:"))).toHaveLength(embed ? 1 : 3);
    const columnsOf = (sheet: string) =>
      page
        .locator(`#${sheet} .tiles > li`)
        .evaluateAll((items) => new Set(items.map(({ offsetLeft }) => offsetLeft)).size);
    expect([await columnsOf("sheet-1"), await columnsOf("sheet-2")]).toEqual([4, 2]);
    await page.close();
  });

  test("a picture is enlarged with its trace, figures and request, by keyboard alone", async () => {
    const { page, complaints } = await open(false);
    // its number and its label are read out once
    await page.getByRole("link", { name: "channel 3, snail fragile", exact: true }).first().focus();
    await page.keyboard.press("Enter");
    expect(await shown(page)).toBe("Channel 3: snail");
    expect(page.url()).toMatch(/#s1-3$/);
    expect(await page.locator("#viewer-trace").getAttribute("aria-label")).toBe(
      "activation strength from 1.00 to 6.25 in 6 iterations",
    );
    const points = await page.locator("#viewer-trace .line").getAttribute("points");
    const heights = points!.split(" ").map((point) => Number(point.split(",")[1]));
    expect(heights).toHaveLength(6);
    // up the page is less: the lowest value is the first, the highest the last
    expect([Math.max(...heights), Math.min(...heights)]).toEqual([heights[0], heights[5]]);
    expect(await page.locator("#viewer-figures").textContent()).toContain("robustness0.40");
    const request = JSON.parse((await page.locator("#viewer-request").textContent())!) as object;
    // without fields that say the usual
    expect(request).toEqual({
      method: "deepdream",
      layer: "conv2",
      channels: [3],
      numIterations: 3,
      pyramidLevels: 2,
      montage: { title: "" },
    });

    await page.keyboard.press("ArrowRight");
    expect(await shown(page)).toBe(`Channel 3: ${ATTACK}`);
    await page.keyboard.press("Escape");
    expect(await page.locator("#viewer").getAttribute("open")).toBeNull();
    // a turn after it has closed
    const focused = () => page.evaluate("document.activeElement.closest('li')?.id");
    await untilTrue(
      async () => (await focused()) === "s2-3",
      () => "the picture that was shown last has not got the focus",
    );
    expect(complaints).toEqual([]);
    await page.close();
  });

  const playOf = (page: Page) =>
    page.getByRole("button", { name: "Play how channel 3 came about" }).first();
  const sourceOf = (page: Page) => page.locator("#s1-3 img").getAttribute("src");

  test("an animation is shown in its picture's place until it is ended", async () => {
    const { page, complaints } = await open(false);
    const play = playOf(page);
    const standing = async () => [await sourceOf(page), await play.getAttribute("aria-pressed")];
    const still = ["./a.tiles/00003.png", "false"];
    expect(await standing()).toEqual(still);
    await play.click();
    expect(await standing()).toEqual(["./a.tiles/00003.webp", "true"]);
    expect(await page.locator("#viewer").getAttribute("open")).toBeNull();
    await play.click();
    expect(await standing()).toEqual(still);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test("who wants little motion sees an animation once", async () => {
    const { page } = await open(false, { reducedMotion: "reduce" });
    await playOf(page).click();
    expect(await playOf(page).getAttribute("data-picture")).toBe("./a.tiles/00003.png");
    // one run takes 0.6 s
    const isStill = async () => (await sourceOf(page)) === "./a.tiles/00003.png";
    await untilTrue(isStill, () => "it goes on");
    expect(await playOf(page).getAttribute("aria-pressed")).toBe("false");
    await page.close();
  });

  const topOf = async (page: Page, what: string) => (await page.locator(what).boundingBox())!.y;

  test("of a network with hundreds of layers the first pictures are in sight", async () => {
    const folder = await temporaryFolder();
    const report = new ReportFile({ folder, embed: false });
    const sheets = Array.from({ length: 120 }, (_, i) => {
      const name = `net-${i}`;
      return {
        name,
        sheet: sampleSheet({ layer: `/backbone/stages.${i}/blocks.${i}/conv/Conv` }),
        image: `${name}.png`,
      };
    });
    await report.write(sheets, false);
    const { page } = await openPage(browser);
    await page.goto(pathToFileURL(report.path).href);
    for (const [width, height] of [
      [400, 800],
      [1600, 1000],
    ] as const) {
      await page.setViewportSize({ width, height });
      expect(await topOf(page, "#s1-3 .frame")).toBeLessThan(0.8 * height);
      // the last of the list is reached by keyboard
      await page.locator(".contents a").last().focus();
      expect(await topOf(page, ".contents li:last-child a")).toBeLessThan(height / 2);
    }
    await page.close();
  });

  test("without a script, and on paper, there is nothing that cannot be clicked", async () => {
    const { page, path } = await open(false);
    const buttons = () => page.locator("main button:visible").count();
    expect(await buttons()).toBe(1);
    const links = page.locator(".contents a:visible");
    expect(await links.count()).toBe(2);
    await page.emulateMedia({ media: "print" });
    expect([await buttons(), await links.count()]).toEqual([0, 0]);
    expect(await page.locator("main img:visible").count()).toBe(2);
    await page.close();

    const without = await openPage(browser, { javaScriptEnabled: false });
    await without.page.goto(pathToFileURL(path).href);
    expect(await without.page.locator("main button:visible").count()).toBe(0);
    expect(await without.page.locator(".contents a:visible").count()).toBe(2);
    await without.page.close();
  });

  test("a link to a picture opens it, and no name is obeyed", async () => {
    const { page, complaints } = await open(false);
    const dialogs: string[] = [];
    page.on("dialog", (dialog) => void dialogs.push(dialog.message()));
    await page.goto(`${page.url()}#s2-3`);
    await page.reload();
    expect(await shown(page)).toContain("alert(1)");
    expect(await page.title()).toBe("net - dreamgrid");
    expect({ dialogs, complaints }).toEqual({ dialogs: [], complaints: [] });
    await page.close();
  });

  test("a script that is not its own does not run", async () => {
    const { page, path } = await open(false);
    const text = await readFile(path, "utf8");
    await writeFile(
      path,
      text.replace("</main>", "<script>document.title = 'gone'</script></main>"),
    );
    await page.reload();
    expect(await page.title()).toBe("net - dreamgrid");
    await page.close();
  });

  test.each([
    { width: 360, height: 740, colorScheme: "light" },
    { width: 2560, height: 1400, colorScheme: "dark" },
  ] as const)(
    "at $width pixels, $colorScheme, axe finds nothing and nothing is cut off",
    async ({ colorScheme, ...viewport }) => {
      const { page } = await open(false, { viewport, colorScheme });
      const overflow =
        "document.documentElement.scrollWidth - document.documentElement.clientWidth";
      expect(await page.evaluate(overflow)).toBe(0);
      await expectAccessible(page);
      await page.locator("#s1-3 a").click();
      await expectAccessible(page);
      await page.close();
    },
  );
});
