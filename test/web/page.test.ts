import { describe, expect, onTestFinished, test } from "vitest";

import { promised } from "../support/promised.ts";
import { askFor, CHROMIUM, expectAccessible, openPage, PATIENT, expectFetched } from "./browser.ts";
import { drawJob, portOf, postJob, tinyServiceAndBrowser } from "./tiny-service.ts";

/** Emojinet's. */
const BUNDLED_FOLDER = "models";

/** Channels from this one on wait until the gate opens. */
let gate: { readonly from: number; readonly open: Promise<void> } | null = null;

describe.skipIf(CHROMIUM === null)("the page", () => {
  const { browser, url, service } = tinyServiceAndBrowser({
    networks: [{}, { id: "large", wideChannels: 1_000 }],
    networkFolders: [BUNDLED_FOLDER],
    renderer: {
      unrenderable: [6],
      beforeChannel: async (channel) => {
        if (gate !== null && channel >= gate.from) await gate.open;
      },
    },
  });

  const at = (hash: string) => `${url()}/${hash}`;
  const draw = (fields: Readonly<Record<string, unknown>>) => drawJob(url(), fields);

  test("shows the first picture before the job ends, and nothing moves when pictures come", async () => {
    const [opened, open] = promised();
    gate = { from: 3, open: opened };
    const { page, complaints } = await openPage(browser());
    await page.goto(at("#/"));
    await page.getByRole("link", { name: /tiny/ }).click();
    await page.getByRole("link", { name: "wide", exact: true }).click();
    await page.getByRole("button", { name: "Render all 7" }).click();
    await page.getByRole("img", { name: "channel 1" }).waitFor();
    await page.getByRole("progressbar", { name: /running/ }).waitFor();
    expect(await page.getByRole("img", { name: "channel 3" }).count()).toBe(0);
    const boxOf = () => page.getByRole("link", { name: /^channel 7/ }).boundingBox();
    await page.evaluate(
      "window.shifts = 0; new PerformanceObserver((list) => { for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts += entry.value; }).observe({ type: 'layout-shift' })",
    );
    const before = await boxOf();
    open();
    gate = null;
    await page.getByRole("img", { name: "channel 5" }).waitFor();
    expect(await boxOf()).toEqual(before);
    await page.getByRole("link", { name: "channel 6, channel 6 has no gradient" }).waitFor();
    expect(await page.evaluate("window.shifts")).toBe(0);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test("a channel has a permanent link, with its trace, its figures and its request", async () => {
    await draw({ channels: "1:4" });
    const { page, complaints } = await openPage(browser());
    await page.goto(at("#/tiny/wide/2"));
    for (const _ of ["opened", "reloaded"]) {
      await page.getByRole("heading", { name: "Channel 2" }).waitFor();
      await page.getByRole("figure").getByRole("img", { name: "channel 2" }).waitFor();
      await page.getByRole("img", { name: /activation strength from 2.00 to 2.10/ }).waitFor();
      await page.reload();
    }
    expect(await page.getByRole("button", { name: "Play the ascent" }).count()).toBe(0);
    await page.getByRole("button", { name: "curl" }).click();
    await page.getByText(`'${url()}/jobs'`).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("heading", { name: "Channel 2" }).click();
    await page.keyboard.press("ArrowRight");
    await page.getByRole("heading", { name: "Channel 3" }).waitFor();
    expect(page.url()).toContain("#/tiny/wide/3");
    expect(complaints).toEqual([]);
    await page.close();
  });

  test("a channel shows how it came about, and its picture in whichever recipe it has one", async () => {
    await draw({ layer: "pool", channels: [1], animation: "gif" });
    await draw({ layer: "pool", channels: [2], method: "fourier", ellipses: 3 });
    const { page, complaints } = await openPage(browser());
    await page.goto(at("#/tiny/pool/1"));
    const source = () => page.getByRole("figure").getByRole("img").getAttribute("src");
    await page.getByRole("button", { name: "Play the ascent" }).click();
    await expect.poll(source, PATIENT).toMatch(/animations\/1$/);
    await page.getByRole("button", { name: "Stop the ascent" }).click();
    await expect.poll(source, PATIENT).toMatch(/tiles\/1$/);
    const asSvg = page.getByRole("link", { name: "open the SVG" });
    expect(await asSvg.count()).toBe(0);
    await page.goto(at("#/tiny/pool/2"));
    await page.getByRole("heading", { name: "Channel 2" }).waitFor();
    await expect.poll(source, PATIENT).toMatch(/tiles\/2$/);
    const svg = await fetch(new URL((await asSvg.getAttribute("href"))!, url()));
    expect(await svg.text()).toBe('<svg id="2"/>');
    // a picture of a target is no channel's, and has no page of its own
    const targets = [{ channel: 2, at: "each" }];
    const sizes = { cropSize: [2, 10], canvasSize: [4, 20], cropMargin: 1 };
    const jobId = await draw({ targets, method: "fourier", ellipses: 3, ...sizes });
    await page.goto(at(`#/-/jobs/${jobId}`));
    const link = page.getByRole("link", { name: "image 1, #2 at 1,1" });
    expect(await link.getAttribute("href")).toBe(`jobs/${jobId}/svgs/1`);
    // 2 rows of 10 places, in a narrow window too
    const places = page.locator(".tiles > li");
    await page.setViewportSize({ width: 360, height: 800 });
    const corners = await places.evaluateAll((items) =>
      items.map(({ offsetLeft, offsetTop }) => [offsetLeft, offsetTop]),
    );
    const of = (side: 0 | 1) => new Set(corners.map((corner) => corner[side]));
    expect([corners.length, of(0).size, of(1).size]).toEqual([20, 10, 2]);
    // they are scrolled to, the page is not
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(360);
    const tiles = page.locator(".tiles");
    const beyond = await tiles.evaluate(
      ({ scrollWidth, clientWidth }) => scrollWidth - clientWidth,
    );
    expect(beyond).toBeGreaterThan(0);
    // as long a request is scrolled to its end
    const { height } = (await page.getByLabel("the request as JSON").boundingBox())!;
    expect(height).toBeLessThan(800);
    // the layer, whose grid is its channels', leads back to it
    await page.getByRole("link", { name: "Layer" }).click();
    const back = page.getByRole("link", { name: "20 images of targets" });
    expect(await back.getAttribute("href")).toBe(`#/-/jobs/${jobId}`);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test("a typo shows the API's own sentence", async () => {
    const { page } = await openPage(browser());
    await page.goto(at("#/tiny/wide"));
    await askFor(page, "1:99");
    const sentence = await page.getByRole("alert").textContent();
    const answer = await postJob(url(), { layer: 2, channels: "1:99" });
    const { problems } = (await answer.json()) as { problems: string[] };
    expect(answer.status).toBe(400);
    expect(sentence).toBe(problems.join(""));
    await page.close();
  });

  test("a form has every field, with the API's sentences where they belong", async () => {
    const { page } = await openPage(browser());
    await page.goto(at("#/-/request?network=tiny&layer=wide"));
    const schema = await (await fetch(`${url()}/request.schema.json`)).json();
    const [deepdream] = (schema as { oneOf: { properties: object }[] }).oneOf;
    for (const name of Object.keys(deepdream!.properties)) {
      if (["method", "$schema", "montage"].includes(name)) continue;
      await page.locator(`[id="field-${name}"]`).waitFor();
    }
    await page.getByLabel("channels (needed)").fill("1, 2");
    await page.getByLabel("numIterations").fill("0");
    await page.getByLabel("montage.gridSize").fill("[1, x]");
    await page.getByRole("button", { name: "Render" }).click();
    const fieldOf = (label: string) => page.locator(".field", { has: page.getByLabel(label) });
    await fieldOf("numIterations").getByRole("alert").waitFor();
    await fieldOf("montage.gridSize").getByRole("alert").waitFor();
    expect(await page.getByRole("alert").count()).toBe(2);
    const focused = () => page.evaluate("document.activeElement.id");
    await expect.poll(focused, PATIENT).toBe("field-numIterations");
    await page.getByLabel("numIterations").fill("2");
    await page.getByLabel("montage.gridSize").fill("[1, null]");
    await page.getByRole("button", { name: "Render" }).click();
    await page.getByRole("heading", { name: "tiny / wide" }).waitFor();
    await expect.poll(() => page.title(), PATIENT).toBe("wide · tiny · job · dreamgrid");
    await page.close();
  });

  test("a network's graph opens and closes its modules", async () => {
    const { page } = await openPage(browser());
    await page.goto(at("#/emojinet"));
    const open = page.getByRole("button", { name: "inception_3a 14 layers", expanded: false });
    await open.focus();
    await page.keyboard.press("Enter");
    const graph = page.getByRole("region", { name: "Graph", exact: true });
    const layer = graph.getByRole("link", { name: /inception_3a-1x1 Conv, 32/ });
    await layer.waitFor();
    // the frame has the focus that the node had
    const frame = page.getByRole("button", { name: "inception_3a", expanded: true });
    await expect.poll(() => frame.evaluate((it) => it.matches(":focus")), PATIENT).toBe(true);
    await page.keyboard.press("Enter");
    await layer.waitFor({ state: "detached" });
    await expect.poll(() => open.evaluate((it) => it.matches(":focus")), PATIENT).toBe(true);
    // what has nothing to do with it keeps the focus
    await page.keyboard.press("Enter");
    await layer.waitFor();
    const closing = page.getByRole("button", { name: "Close all" });
    await closing.focus();
    await page.keyboard.press("Enter");
    await layer.waitFor({ state: "detached" });
    expect(await closing.evaluate((it) => it.matches(":focus"))).toBe(true);
    const table = page.getByRole("region", { name: "Layer table" });
    for (const width of [1200, 1920]) {
      await page.setViewportSize({ width, height: 900 });
      const cut = await table.evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth);
      expect(cut, `all columns are in view at ${width} px`).toBe(0);
    }
    await page.getByPlaceholder(/Search/).fill("3a 5x5 conv");
    await page.getByText("2 of 143").waitFor();
    await page.getByPlaceholder(/Search/).fill("64 × 56 × 56"); // as it is copied from the table
    await page.getByText("4 of 143").waitFor();
    await expectAccessible(page);
    await page.close();
  });

  test("goes on when the server is started again in the middle of a job", async () => {
    const [opened, open] = promised();
    gate = { from: 3, open: opened };
    const own = await service().another("restarted");
    const { page } = await openPage(browser());
    await page.goto(`${own.api.url}/#/tiny/wide`);
    await page.getByRole("button", { name: "Render all 7" }).click();
    await page.getByRole("img", { name: "channel 2" }).waitFor();
    const stopped = own.stop();
    open();
    gate = null;
    await stopped;
    const again = await service().another("restarted", portOf(own));
    onTestFinished(() => again.stop());
    await page.getByRole("img", { name: "channel 7" }).waitFor();
    await page.getByRole("progressbar").waitFor({ state: "detached" });
    const pictures = page.getByRole("listitem").getByRole("img");
    await expect.poll(() => pictures.count(), PATIENT).toBe(6);
    await page.close();
  });

  test("a thousand channels cost what is seen of them", async () => {
    const { page, complaints } = await openPage(browser());
    await page.goto(at("#/large/wide"));
    // asked of all of them at once, a role has the browser lay each of them out
    const last = page.locator(".tiles > li").last();
    await last.getByRole("link", { name: "channel 1000", exact: true }).waitFor();
    expect(await page.locator(".tiles > li").count()).toBe(1_000);
    const skipped = await page.evaluate(
      "[...document.querySelectorAll('.tile-frame > *')].filter((item) => !item.checkVisibility({ contentVisibilityAuto: true })).length",
    );
    expect(skipped).toBeGreaterThan(500);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test("axe finds nothing, in the light or in the dark", async () => {
    const jobId = await draw({ channels: "1:7" });
    const { page, complaints } = await openPage(browser());
    const places = [
      "#/",
      "#/tiny",
      "#/tiny/wide",
      "#/tiny/wide?beside=tiny/pool",
      "#/tiny/wide/2",
      "#/tiny/wide/6",
      "#/-/atlas/tiny",
      "#/-/jobs",
      `#/-/jobs/${jobId}`,
      "#/-/request?network=tiny&layer=wide",
      "#/a/b/c/d",
    ];
    for (const place of places) {
      // or it would be shown twice: in the page that is open, and in a fresh one
      await page.goto("about:blank");
      await page.goto(at(place));
      await page.getByRole("heading", { level: 1 }).waitFor();
      await expectFetched(page);
      await page.emulateMedia({ colorScheme: "light" });
      await expectAccessible(page);
      await page.emulateMedia({ colorScheme: "dark" });
      // nothing else depends on it
      await expectAccessible(page, ["color-contrast"]);
    }
    expect(complaints).toEqual([]);
    await page.close();
  });
});
