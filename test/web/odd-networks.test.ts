import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";

import { promised } from "../support/promised.ts";
import { uniform } from "../support/random.ts";
import { node, sketch, writeModel } from "../support/onnx-writer.ts";
import { CHROMIUM, openPage, PATIENT } from "./browser.ts";
import { tinyServiceAndBrowser } from "./tiny-service.ts";

const LONG = `features.${"a_module_whose_name_goes_on.".repeat(7)}conv`;
const NAMES = ["three 'quoted' \"twice\" & <b>?#%20", "слой 畳み込み طبقة", LONG] as const;

/** A chain of three convolutions with names that nobody expects. */
function oddNetwork(): Buffer {
  const convolutions = NAMES.map((name, i) => {
    return { ...node("Conv", `v${i} w${i}`, `v${i + 1}`), name };
  });
  const channels = [3, 4, 2, 5];
  const graph = sketch({
    inputs: { v0: [1, 3, 16, 20] },
    nodes: convolutions,
    outputs: ["v3"],
    initializers: Object.fromEntries(
      NAMES.map((_, i) => [
        `w${i}`,
        uniform([channels[i + 1]!, channels[i]!, 1, 1], i + 1, [-1, 1]),
      ]),
    ),
  });
  return Buffer.from(writeModel(graph, 17));
}

const overflowOf = (page: Page) =>
  page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");

describe.skipIf(CHROMIUM === null)("networks of people unlike us", () => {
  const { browser, url } = tinyServiceAndBrowser();

  async function drop(page: Page, names: readonly string[]): Promise<void> {
    const mimeType = "application/octet-stream";
    const buffer = oddNetwork();
    await page.goto(`${url()}/#/`);
    await page
      .locator("input[type=file]")
      .setInputFiles(names.map((name) => ({ name, mimeType, buffer })));
    await page.getByRole("button", { name: "Add the network" }).click();
  }

  test("have layers with names of all kinds, each under its address, and nothing runs out of its place", async () => {
    const { page, complaints } = await openPage(browser(), {
      viewport: { width: 1280, height: 900 },
    });
    await drop(page, ["odd.onnx"]);
    await page.getByRole("heading", { name: "odd", exact: true }).waitFor();
    const table = page.getByRole("region", { name: "Layer table" });
    const cells = await table.evaluate((element) => {
      const [box, last] = [element, [...element.querySelectorAll("th")].at(-1)!];
      return { shown: box.getBoundingClientRect().right, last: last.getBoundingClientRect().left };
    });
    expect(cells.last, "the last column is in view beside a long name").toBeLessThan(cells.shown);
    for (const name of NAMES) {
      await page.goto(`${url()}/#/odd`);
      await table.getByRole("link", { name, exact: true }).click();
      await page.getByRole("heading", { level: 1, name, exact: true }).waitFor();
      await page.reload();
      await page.getByRole("heading", { level: 1, name, exact: true }).waitFor();
      await page.getByRole("button", { name: /^Render all/ }).waitFor();
    }
    const compared = page.url();
    await page.getByText("Attributes and weights").click();
    for (const width of [360, 1280]) {
      await page.setViewportSize({ width, height: 800 });
      await page.goto(`${compared}?beside=${encodeURIComponent(`odd/${LONG}`)}`);
      await page.getByLabel("Layer to compare with").waitFor();
      await expect.poll(() => page.getByLabel("Recipe").count(), PATIENT).toBe(2);
      // what it is called in the file is there too
      await page.getByRole("region", { name: "Inputs and outputs" }).waitFor();
      expect(await overflowOf(page), `at ${width} px`).toBe(0);
      const [left, right] = await page.getByLabel("Recipe").all();
      const [leftBox, rightBox] = [(await left!.boundingBox())!, (await right!.boundingBox())!];
      expect(leftBox.x + leftBox.width).toBeLessThanOrEqual(rightBox.x);
    }
    expect(complaints).toEqual([]);
    await page.close();
  });

  test("have files with long names, which stay in their place", async () => {
    const { page } = await openPage(browser(), { viewport: { width: 360, height: 800 } });
    await page.goto(`${url()}/#/`);
    const file = { name: `${"n".repeat(150)}.png`, mimeType: "image/png", buffer: Buffer.from("") };
    await page.locator("input[type=file]").setInputFiles([file]);
    await page.getByText(file.name).waitFor();
    expect(await overflowOf(page)).toBe(0);
    await page.goto(`${url()}/#/-/request?network=tiny&layer=wide&method=deepdream`);
    await page.getByLabel("Start from a photograph").setInputFiles(file);
    await page.getByText(file.name).waitFor();
    expect(await overflowOf(page)).toBe(0);
    await page.close();
  });

  test("have graphs that are wider than their window, whose beginning is seen", async () => {
    const { page } = await openPage(browser(), { viewport: { width: 240, height: 800 } });
    await drop(page, ["wide.onnx"]);
    await page.getByRole("heading", { name: "wide", exact: true }).waitFor();
    const graph = page.getByRole("region", { name: "The network's graph" });
    const input = (await graph.locator(".node").first().boundingBox())!;
    const place = (await graph.boundingBox())!;
    expect(await graph.evaluate(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)).toBe(
      true,
    );
    expect(input.x).toBeGreaterThanOrEqual(place.x);
    expect(input.x + input.width).toBeLessThanOrEqual(place.x + place.width);
    await page.close();
  });

  test("have graphs of hundreds of layers, which are laid out while the page goes on", async () => {
    const { page, complaints } = await openPage(browser(), {
      viewport: { width: 1280, height: 800 },
    });
    await page.route(/\/networks\/tiny\/layers/, async (route) => {
      const response = await route.fetch();
      const table = (await response.json()) as { layers: readonly object[] };
      const layers = Array.from({ length: 200 }, (_, i) => {
        const name = `stage.${i}`;
        return { ...table.layers[1], index: i + 1, name, module: "stage", inputs: i ? [i] : [] };
      });
      await route.fulfill({ response, json: { ...table, layers } });
    });
    const [mayLayOut, layOut] = promised();
    let asked = 0;
    await page.route("**/layout-worker.js", async (route) => {
      await mayLayOut;
      if (asked++ === 0) return route.continue();
      // as where its stack is used up: the page then does it itself
      const body = "addEventListener('message', () => postMessage(null))";
      return route.fulfill({ contentType: "text/javascript", body });
    });
    await page.goto(`${url()}/#/tiny`);
    const graph = page.getByRole("region", { name: "The network's graph" });
    const closed = graph.getByRole("button", { name: "stage 200 layers", expanded: false });
    await closed.waitFor();
    await page.getByRole("button", { name: "Open all" }).click();
    const late = page.getByText("laying it out");
    await late.waitFor();
    await closed.waitFor();
    layOut();
    await graph.getByText("stage.199").waitFor();
    expect([await late.count(), await closed.count()]).toEqual([0, 0]);
    await graph.evaluate((element) => element.scrollTo(0, 300));
    await page.getByRole("cell").getByRole("link", { name: "stage.3", exact: true }).click();
    await page.getByRole("heading", { level: 1, name: "stage.3" }).waitFor();
    await page.goBack();
    await expect.poll(() => graph.evaluate(({ scrollTop }) => scrollTop), PATIENT).toBe(300);
    expect(asked).toBe(2);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test("have tables that come in several answers, which are one on the page", async () => {
    const { page, complaints } = await openPage(browser());
    let asked = 0;
    // as of an API whose answers hold two layers
    await page.route(/\/networks\/tiny\/layers/, async (route) => {
      asked++;
      const { pathname, searchParams } = new URL(route.request().url());
      const response = await route.fetch({ url: url() + pathname });
      const table = (await response.json()) as { layers: readonly { index: number }[] };
      const after = Number(searchParams.get("after") ?? 0);
      const rest = table.layers.filter(({ index }) => index > after);
      const layers = rest.slice(0, 2);
      const next = layers.length < rest.length ? "/networks/tiny/layers?after=..." : null;
      await route.fulfill({ response, json: { ...table, layers, links: { next } } });
    });
    await page.goto(`${url()}/#/tiny`);
    const table = page.getByRole("region", { name: "Layer table" });
    // of each layer one, and that of the titles
    await expect.poll(() => table.getByRole("row").count(), PATIENT).toBe(7);
    expect(asked).toBe(3);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test("of an older API are shown without what it does not tell of them", async () => {
    const { page, complaints } = await openPage(browser());
    await page.route(/\/networks\/tiny\/layers/, async (route) => {
      const response = await route.fetch();
      const { network, layers } = (await response.json()) as { network: string; layers: object[] };
      const older = layers.map((layer) => ({
        ...layer,
        multiplyAdds: undefined,
        receptiveField: undefined,
      }));
      await route.fulfill({ response, json: { network, layers: older } });
    });
    await page.goto(`${url()}/#/tiny`);
    await page.getByText("61 learnables", { exact: true }).waitFor();
    await page.getByRole("link", { name: "wide", exact: true }).click();
    const whole = "Conv, 7 channels, 1 × 7 × 16 × 20, learnables 7 × 3 × 1 × 1";
    await page.getByText(whole, { exact: true }).waitFor();
    expect(complaints).toEqual([]);
    await page.close();
  });

  test("come one at a time", async () => {
    const { page } = await openPage(browser());
    await drop(page, ["one.onnx", "two.onnx"]);
    expect(await page.getByRole("alert").textContent()).toBe(
      "files: given 'one.onnx', 'two.onnx'; wanted an .onnx file and what lies beside it, one network at a time",
    );
    await page.close();
  });

  test("a channel that is not there leads to the last that is, and of a layer that has none it is told why", async () => {
    const { page } = await openPage(browser());
    await page.goto(`${url()}/#/tiny/2/99`);
    await page.getByText("layer 'wide' has channels 1 to 7; given 99").waitFor();
    await page.getByRole("link", { name: "← 7" }).click();
    await page.getByRole("heading", { name: "Channel 7" }).waitFor();
    // the keys lead where the links do
    await page.getByRole("link", { name: "← 6" }).waitFor();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowLeft");
    await page.getByRole("heading", { name: "Channel 6" }).waitFor();
    expect(page.url()).toMatch(/#\/tiny\/2\/6$/);
    const answer = await fetch(`${url()}/networks/tiny/layers`);
    const { layers } = (await answer.json()) as { layers: readonly { problem: string | null }[] };
    await page.goto(`${url()}/#/tiny/1/2`);
    await page.getByRole("alert").getByText(layers[0]!.problem!).waitFor();
    expect(await page.getByRole("button", { name: "Render these" }).count()).toBe(0);
    await page.close();
  });
});
