import { describe, expect, test } from "vitest";

import type { Circuit } from "../../lib/pipeline/networks/circuit-schema.ts";
import { uniform } from "../support/random.ts";
import { CLASS_NAMES } from "../support/tiny-network.ts";
import { CHROMIUM, expectAccessible, expectFetched, openPage, PATIENT } from "./browser.ts";
import { tinyServiceAndBrowser } from "./tiny-service.ts";

/** Emojinet's. */
const BUNDLED_FOLDER = "models";

describe.skipIf(CHROMIUM === null)("layers", () => {
  const { browser, url } = tinyServiceAndBrowser({
    networks: [{}, { id: "five", wideChannels: CLASS_NAMES.length }],
    networkFolders: [BUNDLED_FOLDER],
  });

  test("have names of classes at the network's end alone, however many channels others have", async () => {
    const { page } = await openPage(browser());
    await page.goto(`${url()}/#/five/classes`);
    const tiger = page.getByRole("link", { name: "channel 2, tiger", exact: true });
    await tiger.waitFor();
    await page.goto(`${url()}/#/five/wide?beside=five/classes`);
    await expect.poll(() => page.locator(".tiles").count(), PATIENT).toBe(2);
    await tiger.last().waitFor();
    await expectFetched(page);
    expect(await tiger.count()).toBe(1);
    await page.close();
  });

  test("lead to those before and behind them, and to those that they stand between", async () => {
    const { page, complaints } = await openPage(browser());
    const heading = (name: string) => page.getByRole("heading", { level: 1, name, exact: true });
    const steps = page.getByRole("navigation", { name: "Layers" });
    await page.goto(`${url()}/#/tiny/wide?recipe=lucid&beside=tiny/pool`);
    await heading("wide").waitFor();
    await page.getByText("Conv, 7 channels, 1 × 7 × 16 × 20, learnables 7 × 3 × 1 × 1").waitFor();
    // the image itself is no layer that can be rendered
    await page.getByText("from image", { exact: true }).waitFor();
    expect(await page.getByRole("link", { name: "image" }).count()).toBe(0);
    expect(await steps.getByRole("link").allTextContents()).toEqual(["wide_relu →"]);
    await steps.getByRole("link").click();
    await heading("wide_relu").waitFor();
    // what it is compared with stays, and the recipe was the other layer's
    expect(new URL(page.url()).hash).toBe("#/tiny/wide_relu?beside=tiny%2Fpool");
    const wanted = ["← wide", "pool →"];
    await expect.poll(() => steps.getByRole("link").allTextContents(), PATIENT).toEqual(wanted);
    await page.keyboard.press("ArrowRight");
    await steps.getByRole("link", { name: "← wide_relu" }).waitFor();
    await page.keyboard.press("ArrowLeft");
    await heading("wide_relu").waitFor();
    await page.getByText(/^from/).getByRole("link", { name: "wide", exact: true }).click();
    await heading("wide").waitFor();
    await expectFetched(page);
    await expectAccessible(page);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test("show the file's node, of each that is stepped to where it was shown before", async () => {
    const { page, complaints } = await openPage(browser());
    const values = page.getByRole("region", { name: "Inputs and outputs" });
    const rows = () => values.locator("tbody tr").allInnerTexts();
    await page.goto(`${url()}/#/tiny`);
    await page.getByText(/^61 learnables, 6\.8K multiply-adds,.* opset 18/).waitFor();
    await page.goto(`${url()}/#/tiny/pool`);
    const summary = page.getByText("Attributes and weights");
    await summary.waitFor();
    expect(await values.count()).toBe(0);
    await summary.focus();
    await page.keyboard.press("Enter");
    await values.waitFor();
    await page.getByText("no attributes are given").waitFor();
    expect(await rows()).toEqual(["wide_relu\t1 × 7 × 16 × 20\t\t", "pool\t1 × 7 × 1 × 1\t"]);
    await page.keyboard.press("ArrowRight");
    await page.getByText("transB").waitFor();
    const [, matrix, bias] = await rows();
    expect(matrix).toMatch(
      /^matrix\t5 × 7\tfloat32\t-0\.\d+ to 0\.\d+, mean .*, deviation 0\.\d+$/,
    );
    expect(bias).toBe("bias\t5\tfloat32\t0, 0, 0, 0, 0");
    await expectFetched(page);
    await expectAccessible(page);
    await page.emulateMedia({ colorScheme: "dark" });
    await expectAccessible(page, ["color-contrast"]);
    await page.setViewportSize({ width: 400, height: 800 });
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(400);
    await values.getByRole("link", { name: "flat" }).click();
    await page.getByRole("heading", { level: 1, name: "pool" }).waitFor();
    expect(complaints).toEqual([]);
    await page.close();
  });

  test("have channels that show what they are made of, back to the image", async () => {
    const { page, complaints } = await openPage(browser());
    const circuit = await fetch(`${url()}/networks/tiny/layers/5/channels/2/circuit`);
    const { sources } = (await circuit.json()) as Circuit;
    const inOrder = [
      ...sources.filter(({ sum }) => sum > 0),
      ...sources.filter(({ sum }) => sum < 0),
    ];
    await page.goto(`${url()}/#/tiny/classes/2`);
    const madeOf = page.getByRole("region", { name: "What it is made of" });
    const tiles = madeOf.getByRole("link", { name: /^channel/ });
    await expect.poll(() => tiles.count(), PATIENT).toBe(7);
    expect(
      await tiles.evaluateAll((links) => links.map((link) => link.getAttribute("href"))),
    ).toEqual(inOrder.map(({ channel }) => `#/tiny/wide/${channel}`));
    expect(await madeOf.getByRole("heading", { level: 3 }).allTextContents()).toEqual([
      "Excited by",
      "Inhibited by",
    ]);
    await madeOf.getByText(/^7 tiles: about/).waitFor();
    await madeOf.getByRole("button", { name: "Draw the missing 7 pictures" }).click();
    await expect.poll(() => madeOf.getByRole("img").count(), PATIENT).toBe(7);
    await expectAccessible(page);
    const channels = madeOf.getByLabel("Channels");
    expect(await channels.getByRole("option").allTextContents()).toEqual([
      "right before it",
      ...["pool", "wide_relu", "wide", "image"].map((name) => `of ${name}`),
    ]);
    await channels.selectOption("of image");
    await madeOf.getByText("Its weights, in the colours that it looks for").waitFor();
    await channels.selectOption("right before it");
    await tiles.first().click();
    await page.getByRole("heading", { level: 1, name: `Channel ${inOrder[0]!.channel}` }).waitFor();
    await madeOf.getByText("Its weights, in the colours that it looks for").waitFor();
    const uses = page.getByRole("region", { name: "What is made of it" });
    await expect.poll(() => uses.getByRole("link", { name: /^channel/ }).count(), PATIENT).toBe(5);
    await expectFetched(page);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test("have channels whose weights are multiplied out; what is not there is told", async () => {
    const expanded = async (path: string) => {
      const response = await fetch(`${url()}/page/circuits/${path}`);
      return [response.status, await response.text()] as const;
    };
    const [status, text] = await expanded("tiny/5/2/1");
    const { sources } = JSON.parse(text) as Circuit;
    const [matrix, kernel] = [uniform([5, 7], 2, [-1, 1]), uniform([7, 3, 1, 1], 1, [-1, 1])];
    for (const { channel, kernel: found, sum } of sources) {
      const wanted = Array.from({ length: 7 }, (_, i) => {
        return matrix.data[7 + i]! * kernel.data[3 * i + channel - 1]!;
      });
      expect(sum).toBeCloseTo(
        wanted.reduce((all, each) => all + each, 0),
        3,
      );
      expect([found.rows, found.columns]).toEqual([16, 20]);
    }
    expect([status, sources.length]).toEqual([200, 3]);
    expect(await expanded("tiny/2/1/5")).toEqual([409, expect.stringContaining("'wide' is not")]);
    expect(await expanded("tiny/2/8/1")).toEqual([404, expect.stringContaining("no channel 8")]);
    expect(await expanded("tiny/2/1/9")).toEqual([404, expect.stringContaining("no layer 9")]);
    expect(await expanded("none/2/1/1")).toEqual([404, expect.stringContaining("'none'")]);
  });

  test("that are looked for are marked in the graph, the first of them in view", async () => {
    const { page, complaints } = await openPage(browser(), {
      viewport: { width: 1280, height: 720 },
    });
    const graph = page.getByRole("region", { name: "The network's graph" });
    const marked = () => graph.locator(".marked .title").allTextContents();
    const topOf = async (name: string) => (await graph.getByText(name).boundingBox())!.y;
    await page.goto(`${url()}/#/emojinet`);
    await graph.getByText("inception_5a").waitFor();
    expect(await marked()).toEqual([]);
    expect(await topOf("inception_5a")).toBeGreaterThan(720);
    // with the keyboard alone, past all that is in the graph
    await page.getByRole("button", { name: "Close all" }).focus();
    for (const key of ["Tab", "Enter"]) await page.keyboard.press(key);
    await page.keyboard.type("5a-pool");
    await expect.poll(marked, PATIENT).toEqual(["inception_5a"]);
    expect(await topOf("inception_5a")).toBeLessThan(720);
    await page.getByRole("button", { name: "Open all" }).click();
    const layers = ["inception_5a-pool", "inception_5a-pool_proj", "inception_5a-pool_proj-relu"];
    await expect.poll(marked, PATIENT).toEqual(layers);
    await page.getByPlaceholder(/Search/).fill("");
    await expect.poll(marked, PATIENT).toEqual([]);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test("offer to draw those of their channels that are looked for", async () => {
    const { page, complaints } = await openPage(browser());
    const channels = page.getByLabel("Channels", { exact: true });
    await page.goto(`${url()}/#/emojinet/loss3-classifier`);
    await expect.poll(() => channels.inputValue(), PATIENT).toBe("1:36");
    const find = page.getByPlaceholder("number or class");
    const place = await find.boundingBox();
    await find.fill("dog");
    await page.getByText("3 of 567").waitFor();
    expect(await find.boundingBox(), "the box stays where it is written into").toEqual(place);
    await expect.poll(() => channels.inputValue(), PATIENT).toBe("160:161, 259");
    await page.getByRole("button", { name: "Render these" }).click();
    await page.getByRole("img", { name: "channel 259, hot dog" }).waitFor();
    await expect.poll(() => channels.inputValue(), PATIENT).toBe("");
    await page.getByRole("button", { name: "Compare" }).waitFor();
    await page.goto(`${url()}/#/emojinet/data_0`);
    await page.getByText("it is the image itself").waitFor();
    expect(await page.getByRole("button", { name: "Compare" }).count()).toBe(0);
    expect(complaints).toEqual([]);
    await page.close();
  });
});
