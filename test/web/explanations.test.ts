import sharp from "sharp";
import { describe, expect, test } from "vitest";

import type { ExplanationDocument } from "../../web/api/documents.ts";
import { decodeImage, encodePng } from "../../lib/image/png.ts";
import { CHROMIUM, expectAccessible, expectFetched, openPage, PATIENT } from "./browser.ts";
import { tinyServiceAndBrowser } from "./tiny-service.ts";

const [WIDTH, HEIGHT] = [40, 32];
const HALVES = [
  [230, 40, 90],
  [30, 160, 220],
] as const;

/** A photograph of two colours, side by side. */
async function photograph() {
  const data = Uint8Array.from({ length: 3 * WIDTH * HEIGHT }, (_, i) => {
    const column = Math.floor(i / 3) % WIDTH;
    return HALVES[column < WIDTH / 2 ? 0 : 1][i % 3]!;
  });
  const png = await encodePng({ width: WIDTH, height: HEIGHT, data });
  return { name: "two colours.png", mimeType: "image/png", buffer: Buffer.from(png) };
}

/** As tall as a scroll, and all transparent, which networks see as black. */
async function scroll() {
  const glass = { r: 255, g: 255, b: 255, alpha: 0 };
  const create = { width: 2, height: 3_000, channels: 4, background: glass } as const;
  const buffer = await sharp({ create }).png().toBuffer();
  return { name: "scroll.png", mimeType: "image/png", buffer };
}

describe.skipIf(CHROMIUM === null)("explanations", () => {
  const { browser, url } = tinyServiceAndBrowser();

  test("of a photograph lead to its classes, and to the channels that speak for one", async () => {
    const { page, complaints } = await openPage(browser(), {
      viewport: { width: 900, height: 800 },
    });
    await page.goto(`${url()}/#/tiny`);
    await page.getByText("or drop one anywhere on this page").waitFor();
    await expectAccessible(page);
    const chooser = page.waitForEvent("filechooser");
    await page.getByRole("button", { name: "Choose a photograph" }).focus();
    await page.keyboard.press("Enter");
    await (await chooser).setFiles(await photograph());
    await page.getByText("all channels together").waitFor();
    const id = /#\/-\/explanations\/(\w+)$/.exec(page.url())?.[1];
    const answer = await fetch(`${url()}/explanations/${id}`);
    const { explanation } = (await answer.json()) as ExplanationDocument;
    const { seen, channels, mapSize, atPlaces } = explanation!;
    const of = seen[0]!.label;
    await page.getByRole("heading", { level: 1, name: `Why ${of}` }).waitFor();
    const classes = page.locator(".seen button");
    expect(await classes.locator(".label").allTextContents()).toEqual(seen.map((s) => s.label));
    expect(await classes.first().getAttribute("aria-pressed")).toBe("true");

    // each half as bright as its numbers are large
    const [first] = channels;
    const lit = page.getByLabel(`bright where channel ${first!.channel} speaks for ${of}`);
    const shown = await decodeImage(await lit.screenshot());
    const [rows, columns] = mapSize!;
    const most = Math.max(...first!.places);
    for (const [half, colour] of HALVES.entries()) {
      const at = (width: number, height: number) =>
        Math.floor(height / 2) * width + Math.floor(((2 * half + 1) * width) / 4);
      const light = Math.max(0, first!.places[at(columns, rows)]!) / most;
      const pixel = shown.data.subarray(3 * at(shown.width, shown.height)).subarray(0, 3);
      for (const [plane, value] of colour.entries()) {
        expect(Math.abs(pixel[plane]! - value * (0.22 + 0.78 * light))).toBeLessThan(4);
      }
    }

    // a place that is pointed at says who speaks there, and moves nothing; one is chosen by keys
    const place = (column: number) =>
      page.getByRole("gridcell", { name: new RegExp(`^row 1, column ${column}:`) });
    const there = page.locator(".at-place li");
    const numbersAt = (at: number) => atPlaces!.channels[at]!.map(({ channel }) => `${channel}`);
    const numbers = () => there.locator(".tile-caption").allTextContents();
    const below = page.locator(".speaking");
    const top = () => page.evaluate<number>(`document.querySelector(".speaking").offsetTop`);
    const before = await top();
    await place(2).hover();
    await there.first().waitFor();
    expect(await numbers()).toEqual(numbersAt(1));
    expect(await top()).toBe(before);
    await page.mouse.move(0, 0);
    await expect.poll(() => there.count(), PATIENT).toBe(0);
    await place(2).focus();
    await page.keyboard.press("Enter");
    await page.keyboard.press("ArrowRight");
    await expect.poll(numbers, PATIENT).toEqual(numbersAt(2));
    expect(await place(3).getAttribute("aria-selected")).toBe("true");
    expect(await top()).toBeGreaterThan(before);
    await expectAccessible(page);

    // what is missing is drawn, and leads to the channel
    const pictures = below.locator(".tiles img");
    await expectFetched(page);
    expect(await pictures.count()).toBe(0);
    await page.getByRole("button", { name: /^Draw the missing/ }).click();
    await expect.poll(() => pictures.count(), PATIENT).toBe(channels.length);
    await expect.poll(() => there.locator("img").count(), PATIENT).toBe(numbersAt(2).length);
    await expectFetched(page);
    expect(await page.getByRole("button", { name: /^Draw the missing/ }).count()).toBe(0);
    await page.emulateMedia({ colorScheme: "dark" });
    await expectAccessible(page, ["color-contrast"]);
    for (const width of [400, 900, 1600]) {
      await page.setViewportSize({ width, height: 800 });
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
    }
    await page.getByRole("button", { name: "Close" }).click();
    await expect.poll(() => there.count(), PATIENT).toBe(0);
    await page.getByRole("link", { name: `channel ${first!.channel}` }).click();
    await page.getByRole("heading", { name: `Channel ${first!.channel}` }).waitFor();
    expect(complaints).toEqual([]);
    await page.close();
  });

  test("lead to other classes and layers of the same photograph, or say why not", async () => {
    const { page, complaints } = await openPage(browser());
    const heading = (name: string) => page.getByRole("heading", { name });
    await page.goto(`${url()}/#/tiny`);
    await page
      .getByLabel("Choose a photograph")
      .last()
      .setInputFiles(await scroll());
    const other = page.locator('.seen button[aria-pressed="false"]').last();
    await other.waitFor();
    await expectFetched(page);
    for (const shown of [page.getByAltText("the photograph"), page.getByRole("img").last()]) {
      expect((await shown.boundingBox())!.height).toBeLessThan(500);
      const { data } = await decodeImage(await shown.screenshot());
      expect(data.at(data.length / 2)).toBe(0);
    }
    const name = (await other.locator(".label").textContent())!;
    await other.focus();
    await page.keyboard.press("Enter");
    await heading(`Why ${name}`).waitFor();
    await page.getByText(`explained: why ${name}`).waitFor();
    expect(await page.title()).toBe(`Why ${name} · tiny · dreamgrid`);
    // it keeps its place
    const focused = page.locator(".seen button:focus");
    expect(await focused.locator(".label").textContent()).toBe(name);
    expect(await focused.getAttribute("aria-pressed")).toBe("true");
    const inLayer = async (layer: string, sentence: string) => {
      await page.getByLabel("Layer").selectOption(layer);
      await page.getByRole("button", { name: "Explain it" }).click();
      await page.getByText(sentence).waitFor();
    };
    await inLayer("prob", "'classes', which has the classes, does not come of it");
    await inLayer("pool", "from no place, as the layer has no map");
    await page.goBack();
    await page.getByText("does not come of it").waitFor();
    // what has been answered is not asked for again
    const word = page.getByLabel("Another class");
    await word.fill(" snail ");
    await page.keyboard.press("Enter");
    await page.getByLabel("Layer").selectOption({ index: 0 });
    await page.getByRole("button", { name: "Explain it" }).click();
    await heading("Why snail").waitFor();
    await expect.poll(() => word.inputValue()).toBe("");
    // pixels stand beside it, in the photograph's proportions, and come with other classes too
    await page.getByLabel("Pixels too, which takes several seconds").check();
    await page.getByRole("button", { name: "Explain it" }).click();
    const map = page.getByAltText("red where they speak for snail, blue where against it");
    await map.waitFor();
    const [ofPixels, ofPhotograph] = [map, page.getByAltText("the photograph", { exact: true })];
    expect((await ofPixels.boundingBox())!.height).toBe((await ofPhotograph.boundingBox())!.height);
    await expect
      .poll(() => page.evaluate(`document.querySelector(".pixels > img").naturalWidth`))
      .toBe(20);
    await expectAccessible(page);
    const chooser = page.getByLabel("Another photograph").last();
    const broken = { ...(await photograph()), buffer: Buffer.from("no image") };
    const network = { ...broken, name: "net.onnx", mimeType: "" };
    await chooser.setInputFiles(network);
    await page
      .getByText("given 'net.onnx'; wanted a PNG, JPEG or WebP file; networks are")
      .waitFor();
    await chooser.evaluate((input) => input.setAttribute("multiple", ""));
    await chooser.setInputFiles([network, broken]);
    await page.getByText("the 8 bytes given are no PNG, JPEG or WebP").waitFor();
    await page.getByText("the photograph cannot be shown").waitFor();
    await page.goto(`${url()}/#/-/explanations/${"0".repeat(32)}`);
    await page.getByText("there is no explanation").waitFor();
    expect(complaints.filter((text) => !text.includes("status of 404"))).toEqual([]);
    await page.close();
  });
});
