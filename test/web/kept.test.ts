import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";

import { CHROMIUM, expectAccessible, openPage, PATIENT } from "./browser.ts";
import { drawJob, tinyServiceAndBrowser } from "./tiny-service.ts";

describe.skipIf(CHROMIUM === null)("who goes back", () => {
  const { browser, url } = tinyServiceAndBrowser({
    networks: [{ wideChannels: 40 }],
    networkFolders: ["models"],
  });

  const at = (hash: string) => `${url()}/${hash}`;
  const heading = (page: Page, name: string) =>
    page.getByRole("heading", { level: 1, name, exact: true }).waitFor();

  test("or reloads finds the graph, the table and their places as they were", async () => {
    const { page, complaints } = await openPage(browser(), {
      viewport: { width: 1400, height: 800 },
    });
    await page.goto(at("#/emojinet"));
    const graph = page.getByRole("region", { name: "The network's graph" });
    const table = page.getByRole("region", { name: "Layer table" });
    await page.getByRole("button", { name: "inception_4a 14 layers" }).click();
    const frame = page.getByRole("button", { name: "inception_4a", expanded: true });
    await expect.poll(() => frame.evaluate((it) => it.matches(":focus")), PATIENT).toBe(true);
    await page.getByPlaceholder(/Search/).fill("1x1 conv");
    const shown = page.getByText("27 of 143");
    await shown.waitFor();
    const places = () =>
      Promise.all([graph, table].map((each) => each.evaluate(({ scrollTop }) => scrollTop)));
    for (const each of [graph, table]) await each.evaluate((it) => it.scrollTo(0, 300));
    expect(await places()).toEqual([300, 300]);
    // it is in view: nothing is scrolled for the click
    await table.getByRole("link", { name: "inception_4d-1x1" }).click();
    await heading(page, "inception_4d-1x1");
    for (const go of [() => page.goBack(), () => page.reload()]) {
      await go();
      await shown.waitFor();
      await frame.waitFor();
      await expect.poll(places, PATIENT).toEqual([300, 300]);
    }
    // another place is as new
    await page.goto(at("#/tiny"));
    await heading(page, "tiny");
    expect(await page.getByPlaceholder(/Search/).inputValue()).toBe("");
    expect(complaints).toEqual([]);
    await page.close();
  });

  test("finds what was looked for among the channels of a layer", async () => {
    await drawJob(url(), { channels: [33] });
    const { page, complaints } = await openPage(browser());
    await page.goto(at("#/emojinet/loss3-classifier"));
    const tiles = page.locator(".tiles > li");
    await expect.poll(() => tiles.count(), PATIENT).toBe(567);
    await page.getByLabel("Find").fill("glass");
    await page.getByText("10 of 567").waitFor();
    await expectAccessible(page);
    await tiles.getByRole("link").last().click();
    await page.getByRole("heading", { level: 1, name: /wine glass/ }).waitFor();
    await page.goBack();
    await expect.poll(() => tiles.count(), PATIENT).toBe(10);
    await page.goto(at("#/tiny/wide"));
    await page.getByLabel("Find").fill("33");
    await page.getByRole("img", { name: "channel 33" }).waitFor();
    expect(await tiles.count()).toBe(1);
    await page.goto(at("#/tiny/classes"));
    await heading(page, "classes");
    await expect.poll(() => tiles.count(), PATIENT).toBe(5);
    expect(await page.getByLabel("Find").count()).toBe(0);
    expect(complaints).toEqual([]);
    await page.close();
  });
});
