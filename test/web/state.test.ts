import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";

import { CHROMIUM, openPage, PATIENT, expectFetched } from "./browser.ts";
import { drawJob, tinyServiceAndBrowser } from "./tiny-service.ts";

describe.skipIf(CHROMIUM === null)("what the page remembers", () => {
  const { browser, url } = tinyServiceAndBrowser();

  const draw = (fields: Readonly<Record<string, unknown>>) => drawJob(url(), fields);

  test("steps go on in the recipe that is chosen, and what was copied is no other's request", async () => {
    await draw({ channels: "1:4" });
    await draw({ channels: "1:4", seed: 5 });
    const permissions = ["clipboard-read", "clipboard-write"];
    const { page, complaints } = await openPage(browser(), { permissions });
    await page.goto(`${url()}/#/tiny/wide/2`);
    const chosen = await page.getByLabel("Recipe").locator("option").nth(1).getAttribute("value");
    await page.getByLabel("Recipe").selectOption(chosen);
    await page.waitForURL(`**/#/tiny/wide/2?recipe=${chosen}`);
    await page.getByRole("button", { name: "Copy" }).click();
    await page.getByRole("button", { name: "Copied" }).waitFor();
    await page.getByRole("heading", { name: "Channel 2" }).click();
    await page.keyboard.press("ArrowRight");
    await page.getByRole("heading", { name: "Channel 3" }).waitFor();
    expect(page.url()).toContain(`#/tiny/wide/3?recipe=${chosen}`);
    await expect.poll(() => page.title(), PATIENT).toBe("3 · wide · tiny · dreamgrid");
    await page.getByRole("button", { name: "Copy", exact: true }).waitFor();
    // a text that is wider than its place is scrolled by the same keys
    await page.getByLabel("the request as JSON").focus();
    await page.keyboard.press("ArrowRight");
    await page.getByRole("heading", { name: "Channel 3" }).waitFor();
    expect(complaints).toEqual([]);
    await page.close();
  });

  test("a list that is read anew is believed before news that came before it", async () => {
    await draw({ channels: "1:2" });
    const { page } = await openPage(browser());
    const running = { state: "running", completedAt: null, ok: 1 };
    let lists = 0;
    let job: object = {};
    await page.route("**/jobs?limit=*", async (route) => {
      const response = await route.fetch();
      const list = (await response.json()) as { readonly jobs: readonly object[] };
      [job = {}] = list.jobs;
      const stands = lists++ === 0 ? running : {};
      await route.fulfill({ response, json: { ...list, jobs: [{ ...job, ...stands }] } });
    });
    await serveNews(page, () => ({ ...job, ...running }));
    await page.goto(`${url()}/#/-/jobs`);
    await expect.poll(() => lists, PATIENT).toBeGreaterThan(1);
    await page.getByRole("region", { name: "Ended" }).waitFor();
    expect(await page.getByRole("region", { name: "Under way" }).count()).toBe(0);
    await closeRouted(page);
  });

  test("news of jobs that are known, or come while one is asked, ask for no more", async () => {
    await draw({ channels: "1:2", seed: 21 });
    const { page } = await openPage(browser());
    const isList = (path: string) => path.includes("/jobs?limit=100&network=tiny");
    let asked = 0;
    page.on("request", (request) => void (asked += isList(request.url()) ? 1 : 0));
    let job: object = {};
    await page.route(
      ({ href }) => isList(href),
      async (route) => {
        const response = await route.fetch();
        [job = {}] = ((await response.json()) as { readonly jobs: readonly object[] }).jobs;
        await route.fulfill({ response });
      },
    );
    // whose pictures are none of channels: the layer's page has no use for it
    await page.route(/\/jobs\/[^/?]+\?/, async (route) => {
      const response = await route.fetch();
      const json = (await response.json()) as { readonly request: object };
      const request = { ...json.request, targets: [] };
      await route.fulfill({ response, json: { ...json, request } });
    });
    let connections = 0;
    await page.route("**/events", async (route) => {
      if (++connections > 1) return;
      await expect.poll(() => page.locator(".tiles").count(), PATIENT).toBe(1);
      await expectFetched(page);
      const told = `event: job\ndata: ${JSON.stringify(job)}\n\n`;
      const unknown = told.replace(/"jobId":"[^"]+"/, '"jobId":"new"');
      const body = `retry: 100\n\n${told.repeat(30)}${unknown.repeat(30)}`;
      await route.fulfill({ contentType: "text/event-stream", body });
    });
    await page.goto(`${url()}/#/tiny/wide`);
    await expect.poll(() => connections, PATIENT).toBe(2);
    // the first, that for the unknown job, and that for news of it that came meanwhile
    expect(asked).toBeLessThan(4);
    await expect.poll(() => asked, PATIENT).toBe(3);
    await closeRouted(page);
  });

  test("what was cancelled or has failed can be drawn again where it is looked at", async () => {
    await draw({ channels: "1:7", seed: 9 });
    const { page } = await openPage(browser());
    const ends: Readonly<Record<number, object>> = {
      2: { state: "cancelled" },
      3: { state: "failed", reason: "a tired thread" },
    };
    let areAllWhole = false;
    await page.route(/\/jobs\/[^/?]+\?/, async (route) => {
      const response = await route.fetch();
      const job = (await response.json()) as { readonly channels: readonly { channel: number }[] };
      const channels = job.channels.map((each) => ({
        ...each,
        ...(areAllWhole ? {} : ends[each.channel]),
      }));
      await route.fulfill({ response, json: { ...job, channels } });
    });
    const all = page.getByRole("button", { name: "Render all 7" });
    const offered = () => page.getByRole("textbox", { name: "Channels" }).inputValue();
    await page.goto(`${url()}/#/tiny/wide`);
    await page.getByRole("link", { name: "channel 3, a tired thread" }).waitFor();
    await page.getByLabel("Recipe").selectOption({ label: "deepdream, 2 iterations, seed 9" });
    expect(await offered()).toBe("2");
    expect(await all.isEnabled()).toBe(true);
    for (const channel of [2, 3]) {
      await page.goto(`${url()}/#/tiny/wide/${channel}`);
      await page.getByRole("button", { name: "Render these" }).waitFor();
      expect(await offered()).toBe(String(channel));
    }
    await page.goto(`${url()}/#/tiny/wide/4`);
    await page.getByRole("heading", { name: "Figures" }).waitFor();
    expect(await page.getByRole("button", { name: "Render these" }).count()).toBe(0);
    areAllWhole = true;
    await page.goto(`${url()}/#/tiny/wide`);
    await page.reload();
    await expect.poll(() => page.getByRole("listitem").getByRole("img").count(), PATIENT).toBe(7);
    await page.getByLabel("Recipe").selectOption({ label: "deepdream, 2 iterations, seed 9" });
    expect(await all.isEnabled()).toBe(false);
    await closeRouted(page);
  });

  test("a comparison begins and ends where the focus is", async () => {
    const { page, complaints } = await openPage(browser());
    await page.goto(`${url()}/#/tiny/wide`);
    const compare = page.getByRole("button", { name: "Compare" });
    const beside = page.getByRole("region", { name: "To compare" });
    const isFocused = () => compare.evaluate((it) => it.matches(":focus"));
    await compare.focus();
    await page.keyboard.press("Enter");
    await beside.getByLabel("Recipe").waitFor();
    expect(await isFocused()).toBe(true);
    await beside.getByRole("button", { name: "Close" }).focus();
    await page.keyboard.press("Enter");
    await beside.waitFor({ state: "detached" });
    expect(await isFocused()).toBe(true);
    await page.keyboard.press("Enter");
    await beside.getByLabel("Recipe").selectOption("lucid");
    await expect.poll(() => page.url(), PATIENT).toContain("besideRecipe=lucid");
    await compare.press("Enter");
    await beside.waitFor({ state: "detached" });
    // the next may be with a layer that has no such recipe
    expect(page.url()).not.toContain("beside");
    expect(complaints).toEqual([]);
    await page.close();
  });

  test("a network that cannot be compared with says why", async () => {
    const { page } = await openPage(browser());
    await page.route("**/networks", async (route) => {
      const response = await route.fetch();
      const { networks } = (await response.json()) as { readonly networks: readonly object[] };
      const gone = { ...networks[0], id: "gone" };
      await route.fulfill({ response, json: { networks: [...networks, gone], problems: [] } });
    });
    await page.goto(`${url()}/#/tiny/wide?beside=tiny/pool`);
    await page.getByLabel("Network to compare with").selectOption("gone");
    expect(await page.getByRole("alert").textContent()).toContain("gone");
    await closeRouted(page);
  });
});

/** Sends one piece of news once the first list is there, and then breaks the connection. */
async function serveNews(page: Page, news: () => object): Promise<void> {
  let connections = 0;
  await page.route("**/events", async (route) => {
    while (!("jobId" in news())) await new Promise((resolve) => setTimeout(resolve, 20));
    const told = connections++ === 0 ? `event: job\ndata: ${JSON.stringify(news())}\n\n` : ":\n\n";
    await route.fulfill({ contentType: "text/event-stream", body: `retry: 100\n\n${told}` });
  });
}

/** Closes a page that may still be asking for what is answered here. */
async function closeRouted(page: Page): Promise<void> {
  await page.unrouteAll({ behavior: "ignoreErrors" });
  await page.close();
}
