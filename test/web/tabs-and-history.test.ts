import type { Page } from "playwright-core";
import { describe, expect, onTestFinished, test } from "vitest";

import { promised } from "../support/promised.ts";
import { askFor, CHROMIUM, openPage, openTabs, PATIENT, expectFetched } from "./browser.ts";
import { tinyServiceAndBrowser } from "./tiny-service.ts";

/** More than the connections that a browser opens to one server. */
const TABS = 7;

describe.skipIf(CHROMIUM === null)("tabs and history", () => {
  /** Until when a channel is not drawn. */
  const held = new Map<number, Promise<unknown>>();
  const { browser, url, service } = tinyServiceAndBrowser({
    networks: [{ wideChannels: 400 }, { id: "drawn", wideChannels: 400, seed: 2 }],
    renderer: { beforeChannel: (channel) => held.get(channel) },
  });

  const at = (hash: string) => `${url()}/${hash}`;

  test("as many tabs as one likes hear of news, whichever of them is closed", async () => {
    const context = await openTabs(browser());
    const tabs = [];
    for (let i = 0; i < TABS; i++) {
      const tab = await context.newPage();
      await tab.goto(at("#/tiny/classes"));
      await tab.getByLabel("Channels", { exact: true }).waitFor();
      await expectFetched(tab);
      tabs.push(tab);
    }
    const [first, second, ...others] = tabs;
    await askFor(second!, "2");
    for (const tab of tabs) await tab.getByRole("img", { name: "channel 2" }).waitFor();
    // it has the connection
    await first!.close();
    await askFor(second!, "4");
    for (const tab of others) await tab.getByRole("img", { name: "channel 4" }).waitFor();
    await context.close();
  });

  test("who goes back is where they were, and a new place begins at its top", async () => {
    const { page } = await openPage(browser());
    await page.setViewportSize({ width: 800, height: 600 });
    const top = () => page.evaluate<number>("scrollY");
    const heading = (name: string) => page.getByRole("heading", { level: 1, name }).waitFor();
    await page.goto(at("#/tiny/wide"));
    const link = page.locator(".tiles a[href$='/wide/300']");
    const isSeen = async () => {
      const { y = -1 } = (await link.boundingBox()) ?? {};
      return y >= 0 && y < 600;
    };
    await heading("wide");
    expect(await isSeen()).toBe(false);
    await link.click();
    await heading("Channel 300");
    expect(await top()).toBe(0);
    await page.goBack();
    await heading("wide");
    await expect.poll(isSeen, PATIENT).toBe(true);
    await page.reload();
    await heading("wide");
    await expect.poll(isSeen, PATIENT).toBe(true);
    // what a person does then is theirs
    await page.keyboard.press("Home");
    await expect.poll(top, PATIENT).toBeLessThan(600);
    await page.close();
  });

  test("who goes back to pictures that come late is where they were, to the pixel", async () => {
    const { page } = await openPage(browser());
    await page.setViewportSize({ width: 800, height: 600 });
    const isAsked = ({ href }: URL) => href.includes("/jobs?");
    const link = page.locator(".tiles a[href$='/wide/300']");
    const drawn = page.locator(".tiles a[href$='/wide/3'] img");
    const placeOf = async () => Math.round((await link.boundingBox())?.y ?? -1);
    await page.goto(at("#/drawn/wide"));
    await expectFetched(page);
    await askFor(page, "3, 5");
    await drawn.waitFor();
    await link.scrollIntoViewIfNeeded();
    const before = await placeOf();
    await link.click();
    await page.getByRole("heading", { level: 1, name: "Channel 300" }).waitFor();
    let answer: (() => void) | null = null;
    await page.route(isAsked, async (route) => {
      await new Promise<void>((resolve) => (answer = resolve));
      await route.continue();
    });
    for (const go of [() => page.goBack(), () => page.reload()]) {
      await go();
      // frames of a picture that nobody knows yet are as high as they are wide
      await expect.poll(placeOf, PATIENT).toBeGreaterThan(before);
      await expect.poll(() => answer, PATIENT).not.toBeNull();
      answer!();
      answer = null;
      // far above what is seen, so it is not drawn
      await drawn.waitFor({ state: "attached" });
      await expect.poll(placeOf, PATIENT).toBe(before);
    }
    await page.unrouteAll({ behavior: "ignoreErrors" });
    await page.close();
  });

  test("a place that has the focus only to be read from its beginning has no frame", async () => {
    const { page } = await openPage(browser());
    await page.goto(at("#/"));
    await page.keyboard.press("Tab");
    await page.goto(at("#/-/jobs"));
    await expect.poll(() => page.evaluate("document.activeElement.id"), PATIENT).toBe("main");
    expect(await page.evaluate("document.activeElement.matches(':focus-visible')")).toBe(true);
    expect(await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")).toBe(
      "none",
    );
    await page.close();
  });

  test("a picture that is there while a page asks for its job is shown, though the answer is older", async () => {
    const context = await openTabs(browser());
    const [page, other] = [await context.newPage(), await context.newPage()];
    const wall = await context.newPage();
    const [mayAnswer, answer] = promised();
    const [mayDraw, draw] = promised();
    const [mayEnd, end] = promised();
    held.set(7, mayDraw).set(9, mayEnd);
    onTestFinished(async () => {
      for (const go of [draw, answer, end]) go();
      held.clear();
      // they may still be asking for what is answered here
      for (const each of [page, wall]) await each.unrouteAll({ behavior: "ignoreErrors" });
      await context.close();
    });
    const older = new Set<Page>();
    for (const each of [page, wall]) {
      await each.route("**/jobs/*", async (route) => {
        const response = await route.fetch();
        older.add(each);
        await mayAnswer;
        await route.fulfill({ response });
      });
    }
    await wall.goto(at("#/-/atlas/tiny"));
    for (const each of [page, other]) {
      await each.goto(at("#/tiny/wide"));
      await expectFetched(each);
    }
    await askFor(other, "7, 9");
    await other.getByRole("progressbar").waitFor();
    await expect.poll(() => older.size, PATIENT).toBe(2);
    draw();
    // with a recipe or without
    const picture = (of: Page, channel: number) =>
      of.locator(`a[href$='/wide/${channel}'] img, a[href*='/wide/${channel}?'] img`);
    await picture(other, 7).waitFor();
    answer();
    for (const each of [page, wall]) {
      await picture(each, 7).waitFor();
      expect(await picture(each, 9).count()).toBe(0);
    }
    end();
    for (const each of [page, wall]) await picture(each, 9).waitFor();
  });

  test("a page says while the server is away, and has its answers and pictures once it is there again", async () => {
    const context = await openTabs(browser());
    onTestFinished(() => context.close());
    const [page, drawn] = [await context.newPage(), await context.newPage()];
    await page.goto(at("#/"));
    await page.getByRole("link", { name: /tiny/ }).waitFor();
    await drawn.goto(at("#/drawn/classes"));
    await expectFetched(drawn);
    let hasFailed = false;
    await drawn.route("**/tiles/2", (route) => {
      if (hasFailed) return route.continue();
      hasFailed = true;
      return route.abort();
    });
    await askFor(drawn, "2");
    await expect.poll(() => hasFailed, PATIENT).toBe(true);
    const away = [page, drawn].map((each) =>
      each.getByText(/^the server does not answer; this page/),
    );
    for (const each of away) expect(await each.count()).toBe(0);
    await service().goAway();
    for (const each of away) await each.waitFor();
    await page.getByRole("link", { name: /tiny/ }).click();
    await page.getByText("the server does not answer; is it running?").waitFor();
    await askFor(drawn, "3");
    await drawn.locator("form").getByRole("alert").waitFor();
    await service().comeBack();
    await page.getByRole("cell", { name: "wide", exact: true }).waitFor();
    const width = "document.querySelector('.tiles img')?.naturalWidth ?? 0";
    await expect.poll(() => drawn.evaluate<number>(width), PATIENT).toBeGreaterThan(0);
    for (const gone of [...away, ...[page, drawn].map((each) => each.getByRole("alert"))]) {
      await expect.poll(() => gone.count(), PATIENT).toBe(0);
    }
  });

  test("a page has its answers once the browser is online again", async () => {
    const context = await openTabs(browser());
    onTestFinished(() => context.close());
    const page = await context.newPage();
    await page.goto(at("#/"));
    await page.getByRole("link", { name: /tiny/ }).waitFor();
    await context.setOffline(true);
    await page.getByRole("link", { name: /tiny/ }).click();
    await page.getByText("the server does not answer; is it running?").waitFor();
    await context.setOffline(false);
    await page.getByRole("cell", { name: "wide", exact: true }).waitFor();
    expect(await page.getByRole("alert").count()).toBe(0);
  });

  test("channels whose job is cancelled before their turn are shown so", async () => {
    const { page } = await openPage(browser());
    const [mayEnd, end] = promised();
    // more than are begun at once
    for (let channel = 101; channel <= 150; channel++) held.set(channel, mayEnd);
    onTestFinished(() => {
      end();
      held.clear();
      return page.close();
    });
    await page.goto(at("#/drawn/wide"));
    await expectFetched(page);
    await askFor(page, "101:150");
    await page.locator(".running a").click();
    await page.getByRole("button", { name: "Cancel" }).waitFor();
    const jobId = page.url().split("/").at(-1)!;
    await page.goBack();
    await page.getByRole("progressbar").waitFor();
    await fetch(`${url()}/jobs/${jobId}`, { method: "DELETE" });
    end();
    await page.getByRole("progressbar").waitFor({ state: "detached" });
    const waiting = page.locator(".tiles .tile.waiting");
    await expect.poll(() => waiting.count(), PATIENT).toBe(0);
    expect(await page.locator(".tiles .tile.cancelled").count()).toBeGreaterThan(0);
  });
});
