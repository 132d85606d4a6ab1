import type { Locator } from "playwright-core";
import { describe, expect, test } from "vitest";

import { CHROMIUM, expectAccessible, openPage, PATIENT } from "./browser.ts";
import { tinyServiceAndBrowser } from "./tiny-service.ts";

describe.skipIf(CHROMIUM === null)("the atlas", () => {
  const { browser, url } = tinyServiceAndBrowser();

  test("is a wall of all layers, drawn from the page, whose pictures lead to their channels", async () => {
    const { page, complaints } = await openPage(browser());
    await page.goto(`${url()}/#/tiny`);
    await page.getByRole("link", { name: "Atlas" }).click();
    await page.getByText(/No pictures yet/).waitFor();
    await page.getByLabel("Channels of each layer").fill("2:4");
    // of the convolution and of the classifier, three each
    await page.getByText(/^2 layers, 6 pictures: about .* of one core, in the cloud \$/).waitFor();
    await page.getByRole("button", { name: "Render the atlas" }).click();
    const wall = page.getByRole("region", { name: "Wall of tiny" });
    await expect.poll(() => wall.getByRole("img").count(), PATIENT).toBe(6);
    await expect.poll(() => page.getByRole("progressbar").count(), PATIENT).toBe(0);
    const sizeOf = async () => (await wall.getByRole("img").first().boundingBox())!.width;
    const before = await sizeOf();
    await page.getByRole("button", { name: "larger" }).click();
    await expect.poll(sizeOf, PATIENT).toBeGreaterThan(before);
    await expectAccessible(page);
    const layer = wall.getByRole("link", { name: "wide", exact: true });
    const tile = wall.getByRole("link", { name: "wide, channel 3" });
    const recipeOf = async (link: Locator) => (await link.getAttribute("href"))!.split("?")[1];
    expect(await recipeOf(layer)).toBe(await recipeOf(tile));
    await tile.click();
    await page.getByRole("heading", { name: "Channel 3" }).waitFor();
    expect(page.url()).toContain("#/tiny/wide/3");
    await page.goto(`${url()}/#/-/atlas/tinny`);
    await page.getByRole("alert").getByText("tinny").waitFor();
    expect(complaints.filter((text) => !text.includes("status of 400"))).toEqual([]);
    await page.close();
  });
});
