import { describe, expect, test } from "vitest";

import { PRESETS } from "../../lib/pipeline/request/fields/fourier.ts";
import { untilTrue } from "../support/until.ts";
import { askFor, CHROMIUM, expectAccessible, openPage, PATIENT } from "./browser.ts";
import { tinyServiceAndBrowser } from "./tiny-service.ts";

interface Job {
  readonly jobId: string;
  readonly state: string;
  readonly request: object;
  readonly shortest: object;
}

describe.skipIf(CHROMIUM === null)("how a layer is drawn", () => {
  const own = { method: "fourier", numIterations: 20, cropFraction: { end: [0.6, 0.8] } };
  const { browser, url } = tinyServiceAndBrowser({
    networks: [{}, { id: "own", recipes: { whole: own } }],
  });

  const get = async (path: string) => (await fetch(`${url()}${path}`)).json();

  /** The jobs of a layer, the newest first, once all of them have ended. */
  async function jobsOf(layer: number, count: number): Promise<readonly Job[]> {
    let jobs: readonly Job[] = [];
    await untilTrue(
      async () => {
        const list = (await get(`/jobs?network=tiny&layer=${layer}`)) as {
          readonly jobs: readonly (Job & { readonly createdAt: string })[];
        };
        jobs = list.jobs.toSorted((a, b) => b.createdAt.localeCompare(a.createdAt));
        return jobs.length === count && jobs.every(({ state }) => state === "completed");
      },
      () => `given jobs ${JSON.stringify(jobs)}`,
    );
    return Promise.all(jobs.map(({ jobId }) => get(`/jobs/${jobId}`) as Promise<Job>));
  }

  test("follows from the layer, is told, and can be chosen", async () => {
    const { page, complaints } = await openPage(browser());
    const recipe = page.getByLabel("Recipe");
    const shown = () => recipe.locator("option:checked").textContent();
    await page.goto(`${url()}/#/tiny/wide`);
    await page.getByText("suggested, as the layer sees edges and colours").waitFor();
    expect(await shown()).toBe("deepdream");
    await page.goto(`${url()}/#/tiny/classes`);
    await page.getByText("suggested, as the layer sees the whole image").waitFor();
    expect(await shown()).toBe("fourier, preset natural");
    await page.getByRole("button", { name: "Render these" }).click();
    await page.getByRole("img", { name: "channel 5" }).waitFor();
    const [natural] = await jobsOf(5, 1);
    expect(natural!.request).toMatchObject({ method: "fourier", numIterations: 96 });
    expect(await shown()).toBe("fourier, preset natural");

    await recipe.selectOption("lucid");
    await page.getByText(/^suggested: fourier, preset natural, as the layer/).waitFor();
    expect(page.url()).toMatch(/#\/tiny\/classes\?recipe=lucid$/);
    // of this one there are no pictures yet, so all are offered
    await expect.poll(() => page.getByLabel("Channels").inputValue(), PATIENT).toBe("1:5");
    expect(await page.getByRole("listitem").getByRole("img").count()).toBe(0);
    await askFor(page, "2, 4");
    await page.getByRole("img", { name: "channel 4" }).waitFor();
    const [lucid] = await jobsOf(5, 2);
    expect(lucid!.request).toMatchObject({ method: "fourier", numIterations: 512 });
    // the address stays, and the recipe is the same
    await page.reload();
    await page.getByRole("img", { name: "channel 4" }).waitFor();
    expect(await shown()).toBe("fourier, preset lucid");
    await expectAccessible(page);

    await page.goto(`${url()}/#/-/jobs/${lucid!.jobId}`);
    const toCopy = page.getByLabel("the request as JSON");
    expect(JSON.parse((await toCopy.textContent())!)).toEqual({
      network: "tiny",
      layer: "classes",
      channels: [2, 4],
      method: "fourier",
      preset: "lucid",
    });

    // of each channel that is clicked, the picture that was seen, though there are newer ones
    const pictureOf = (job: Job) => page.locator(`figure img[src*="${job.jobId}"]`).waitFor();
    const channel4 = page.getByRole("link", { name: "channel 4" });
    await channel4.click();
    await pictureOf(lucid!);
    await page.goto(`${url()}/#/-/jobs/${natural!.jobId}`);
    await channel4.click();
    await pictureOf(natural!);
    await page.goto(`${url()}/#/-/jobs/${natural!.jobId}`);
    await page.getByRole("link", { name: "Layer" }).click();
    await expect.poll(shown, PATIENT).toBe("fourier, preset natural");
    await page.goto(`${url()}/#/-/atlas/tiny`);
    await page.getByRole("link", { name: "classes, channel 4" }).click();
    await pictureOf(natural!);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test("is told beforehand with what it takes, and nothing begins", async () => {
    const { page, complaints } = await openPage(browser());
    const jobs = async () => ((await get("/jobs?limit=100")) as { jobs: object[] }).jobs.length;
    const before = await jobs();
    const cost = String.raw`about \d.* of one core, in the cloud \$0\.0`;
    const told = (text: string) => page.getByText(new RegExp(`^${text}`)).waitFor();
    await page.goto(`${url()}/#/tiny/wide?recipe=poster`);
    await told(`7 tiles: ${cost}[^;]*$`);
    const poster = await page.getByText(/^7 tiles: /).textContent();
    await page.getByLabel("Recipe").selectOption("lucid");
    await page.getByText(poster!).waitFor({ state: "detached" });
    await told(`7 tiles: ${cost}[^;]*$`);
    await page.getByLabel("Channels").fill("4");
    await told(`1 tile: ${cost}.*; all: ${cost}`);
    await page.getByLabel("Channels").fill("1:99");
    await told("channels: given .*99.*; all: about");
    expect(await page.getByRole("alert").count()).toBe(0);
    await page.getByRole("button", { name: "Render these" }).click();
    await page
      .getByRole("alert")
      .getByText(/^channels: given .*99/)
      .waitFor();
    await page.getByLabel("Channels").fill("1:2");
    await told(`2 tiles: ${cost}`);
    expect(await page.getByRole("alert").count()).toBe(0);
    expect(await jobs()).toBe(before);
    expect(complaints.filter((text) => !text.includes("status of 400"))).toEqual([]);
    await page.close();
  });

  test("that an address calls by a name that nothing has is told, and what is shown instead", async () => {
    const { page } = await openPage(browser());
    const note = page.getByText(/no recipe here is called/);
    await page.goto(`${url()}/#/tiny/pool?recipe=vivd`);
    await note.waitFor();
    expect(await note.textContent()).toBe(
      "no recipe here is called 'vivd'; shown is what is suggested",
    );
    await page.getByLabel("Recipe").selectOption("vivid");
    await note.waitFor({ state: "detached" });
    await page.close();
  });

  test("goes with a link to all options, where it follows from the layer until it is chosen", async () => {
    const { page, complaints } = await openPage(browser());
    const pressed = page.getByRole("group", { name: "Method" }).locator("[aria-pressed=true]");
    const request = async () =>
      JSON.parse((await page.getByLabel("the request as JSON").textContent())!) as object;
    await page.goto(`${url()}/#/tiny/prob?recipe=vivid`);
    await page.getByText(/^suggested: fourier, preset natural/).waitFor();
    await page.getByLabel("Channels").fill("2:3");
    await page.getByRole("link", { name: "More options" }).click();
    await page.getByRole("heading", { name: "New request" }).waitFor();
    await expect.poll(() => pressed.textContent(), PATIENT).toBe("fourier");
    expect(await page.getByLabel("preset").inputValue()).toBe("vivid");
    const what = { network: "tiny", layer: "prob", channels: "2:3" };
    expect(await request()).toEqual({ ...what, method: "fourier", preset: "vivid" });
    await page.getByRole("button", { name: "deepdream" }).click();
    // of the system's colours the accent is none
    await page.emulateMedia({ forcedColors: "active" });
    const framesOf = "document.querySelectorAll('[aria-label=Method] button')";
    const frames = `Array.from(${framesOf}, (each) => getComputedStyle(each).outlineStyle)`;
    expect(await page.evaluate(frames)).toEqual(["solid", "none"]);
    expect(await request()).toEqual({ ...what, method: "deepdream" });

    await page.goto(`${url()}/#/-/request`);
    await expect.poll(() => pressed.textContent(), PATIENT).toBe("deepdream");
    expect(await request()).toEqual({});
    await page.getByLabel("network (needed)").fill("tiny");
    await page.getByLabel("layer (needed)").fill("classes");
    await page.getByText(/as the layer sees the whole image/).waitFor();
    expect(await pressed.textContent()).toBe("fourier");
    expect(await request()).toEqual({
      network: "tiny",
      layer: "classes",
      method: "fourier",
      preset: "natural",
    });
    await page.getByLabel("layer (needed)").fill("wide");
    await page.getByText(/as the layer sees edges/).waitFor();
    expect(await page.getByText(/of one core/).count()).toBe(0);
    await page.getByLabel("channels (needed)").fill("2:4");
    await page.getByText(/^3 tiles: about \d.* of one core/).waitFor();
    await page.getByLabel("channels (needed)").fill("");
    expect(await request()).toEqual({ network: "tiny", layer: "wide", method: "deepdream" });
    await page.getByLabel("targets").fill('[{ "channel": 1 }]');
    await page.getByLabel("channels", { exact: true }).waitFor();

    await page.getByRole("button", { name: "fourier" }).click();
    await page.getByLabel("numIterations").fill("3");
    const wanted = await request();
    await page.getByRole("button", { name: "Render" }).click();
    await page.getByRole("heading", { name: "tiny / wide" }).waitFor();
    await page.goBack();
    await expect.poll(request, PATIENT).toEqual(wanted);
    expect(wanted).toMatchObject({
      targets: [{ channel: 1 }],
      numIterations: 3,
      method: "fourier",
    });
    expect(complaints).toEqual([]);
    await page.close();
  });

  test("is the network's own recipe, where it has one", async () => {
    const { page, complaints } = await openPage(browser());
    const chosen = page.getByLabel("Recipe").locator("option:checked");
    const request = async () =>
      JSON.parse((await page.getByLabel("the request as JSON").textContent())!) as object;
    await page.goto(`${url()}/#/own/classes?recipe=lucid`);
    await page
      .getByText("suggested: the network's own recipe, as the layer sees the whole image")
      .waitFor();
    await page.goto(`${url()}/#/own/classes`);
    await page.getByText("suggested, as the layer sees the whole image").waitFor();
    expect(await chosen.textContent()).toBe("the network's own recipe");
    const id = await chosen.getAttribute("value");
    await page.getByRole("button", { name: "Render these" }).click();
    await page.getByRole("img", { name: "channel 5" }).waitFor();
    expect(await chosen.textContent()).toBe("the network's own recipe");
    expect(await chosen.getAttribute("value")).toBe(id);
    // beside deepdream and the presets
    expect(await page.getByRole("option").count()).toBe(2 + PRESETS.length);

    await page.goto(`${url()}/#/-/request?network=own&layer=classes`);
    await page.getByText("suggested: the network's own recipe, as the layer").waitFor();
    const what = { network: "own", layer: "classes" };
    expect(await request()).toEqual({ ...what, ...own, preset: "natural" });
    expect(await page.getByLabel("cropFraction.end").getAttribute("placeholder")).toBe("[0.6,0.8]");
    await page.getByLabel("cropFraction.end").fill("[0.3, 0.4]");
    expect(await request()).toEqual({
      ...what,
      ...own,
      preset: "natural",
      cropFraction: { end: [0.3, 0.4] },
    });
    // another preset is nothing of it
    await page.getByLabel("preset").selectOption("vivid");
    await page.getByLabel("cropFraction.end").fill("");
    expect(await request()).toEqual({ ...what, method: "fourier", preset: "vivid" });
    expect(complaints).toEqual([]);
    await page.close();
  });
});
