import { once } from "node:events";

import type { Locator } from "playwright-core";
import { describe, expect, test } from "vitest";

import { CHROMIUM, expectAccessible, openPage, PATIENT } from "./browser.ts";
import { drawJob, tinyServiceAndBrowser } from "./tiny-service.ts";

describe.skipIf(CHROMIUM === null)("the atlas", () => {
  /** Whether nothing is drawn until it is stopped. */
  let isHeld = false;
  const { browser, url } = tinyServiceAndBrowser({
    networks: [{}, { id: "stopped" }],
    renderer: { beforeChannel: (_, stop) => isHeld && once(stop!, "abort") },
  });

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
    // a picture that gets the focus does not stay under its row's name
    await page.getByLabel("pixels of a picture").fill("60");
    await page.setViewportSize({ width: 240, height: 800 });
    await wall.evaluate((it) => it.scrollTo({ left: 999 }));
    const first = wall.getByRole("link", { name: "wide, channel 2" });
    await first.focus();
    const [name, picture] = [(await layer.boundingBox())!, (await first.boundingBox())!];
    expect(picture.x).toBeGreaterThanOrEqual(name.x + name.width);
    const tile = wall.getByRole("link", { name: "wide, channel 3" });
    const recipeOf = async (link: Locator) => (await link.getAttribute("href"))!.split("?")[1];
    expect(await recipeOf(layer)).toBe(await recipeOf(tile));
    await tile.click();
    await page.getByRole("heading", { name: "Channel 3" }).waitFor();
    expect(page.url()).toContain("#/tiny/wide/3");
    // of a layer of which there is nothing else, pictures of targets, which lead to their job
    const targets = [{ channel: 2 }, { layer: true }];
    const jobId = await drawJob(url(), { layer: "pool", method: "fourier", targets });
    await page.goto(`${url()}/#/-/atlas/tiny`);
    const image = wall.getByRole("link", { name: "pool, image 1, #2" });
    await image.getByRole("img").waitFor();
    await expect.poll(() => wall.getByRole("img").count(), PATIENT).toBe(8);
    expect(await image.getAttribute("href")).toBe(`#/-/jobs/${jobId}`);
    await page.goto(`${url()}/#/-/atlas/tinny`);
    await page.getByRole("alert").getByText("tinny").waitFor();
    expect(complaints.filter((text) => !text.includes("status of 400"))).toEqual([]);
    await page.close();
  });

  test("all of its jobs are stopped at once, and the same again goes on with them", async () => {
    isHeld = true;
    const { page, complaints } = await openPage(browser());
    const cancelAll = page.getByRole("button", { name: "Cancel all" });
    const render = page.getByRole("button", { name: "Render the atlas" });
    await page.goto(`${url()}/#/-/atlas/stopped`);
    await page.getByLabel("Channels of each layer").fill("1:5");
    await page.getByText("2 layers, 10 pictures").waitFor();
    await render.click();
    await page.getByRole("progressbar", { name: /of 10/ }).waitFor();
    await cancelAll.click();
    await cancelAll.waitFor({ state: "detached" });
    isHeld = false;
    await page.getByRole("progressbar").waitFor({ state: "detached" });
    await page.goto(`${url()}/#/-/jobs`);
    await page.getByRole("heading", { name: "Ended" }).waitFor();
    expect(await cancelAll.count(), "of what has ended, nothing is stopped").toBe(0);
    await expect
      .poll(() => page.getByText("cancelled, 0 of 5, 5 cancelled").count(), PATIENT)
      .toBe(2);
    await page.goto(`${url()}/#/-/atlas/stopped`);
    const wall = page.getByRole("region", { name: "Wall of stopped" });
    await page.getByLabel("Channels of each layer").fill("1:5");
    await page.getByText("2 layers, 10 pictures").waitFor();
    await render.click();
    await expect.poll(() => wall.getByRole("img").count(), PATIENT).toBe(10);
    expect(complaints).toEqual([]);
    await page.close();
  });
});
