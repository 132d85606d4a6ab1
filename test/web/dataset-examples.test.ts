import { describe, expect, test } from "vitest";

import { decodeImage } from "../../lib/image/png.ts";
import type { VersionedPhotograph } from "../../lib/pipeline/dataset/dataset-looks.ts";
import type { ChannelExamples, LayerExamples } from "../../web/api/documents.ts";
import { untilTrue } from "../support/until.ts";
import { uniform } from "../support/random.ts";
import { CHROMIUM, expectAccessible, expectFetched, openPage, PATIENT } from "./browser.ts";
import { tinyServiceAndBrowser } from "./tiny-service.ts";

/** Numbers of those that are removed while the service runs. */
const gone = new Set<number>();

/** Grey, but for a quarter, which another colour fills in each. */
const PHOTOGRAPHS: readonly VersionedPhotograph[] = Array.from({ length: 11 }, (_, i) => ({
  name: `quarter ${i}.png`,
  version: "",
  read: () => {
    if (gone.has(i)) return Promise.reject(new Error(`quarter ${i}.png is not there any more`));
    const colour = uniform([3], i, [0, 255]).data;
    const [width, height] = [600, 400];
    const data = Uint8Array.from({ length: 3 * width * height }, (__, at) => {
      const [x, y] = [Math.floor(at / 3) % width, Math.floor(at / 3 / width)];
      return x < width / 2 === i % 2 > 0 && y < height / 2 ? colour[at % 3]! : 122;
    });
    return Promise.resolve({ width, height, data });
  },
}));

describe.skipIf(CHROMIUM === null)("photographs that excite a channel", () => {
  const { browser, url } = tinyServiceAndBrowser({ photographs: PHOTOGRAPHS });
  const examplesOf = async (path: string) => {
    const answer = await fetch(`${url()}/page/dataset/networks/${path}`);
    return { status: answer.status, document: (await answer.json()) as ChannelExamples };
  };

  test("are on its page, each cut to where it is excited", async () => {
    const { page, complaints } = await openPage(browser(), {
      viewport: { width: 900, height: 800 },
    });
    await page.goto(`${url()}/#/tiny/wide/3`);
    await page.getByText("Of 11 photographs those that excite it most, each cut to").waitFor();
    const { document } = await examplesOf("tiny/2/3");
    const names = document.examples.map(({ name }) => name);
    expect(names).toHaveLength(9);
    const images = page.locator(".excited-by img");
    expect(await images.evaluateAll((all) => all.map((each) => each.getAttribute("alt")))).toEqual(
      names,
    );
    await expectFetched(page);
    // what is shown is the colour that excites it, wherever in the photograph it is
    for (const [i, name] of names.slice(0, 3).entries()) {
      const colour = uniform([3], Number(/\d+/.exec(name)![0]), [0, 255]).data;
      await expect
        .poll(async () => {
          const { data, width, height } = await decodeImage(
            await page.locator(".cut-out").nth(i).screenshot(),
          );
          const middle = Math.floor(height / 2) * width + Math.floor(width / 2);
          const pixel = data.subarray(3 * middle, 3 * middle + 3);
          return Math.max(...pixel.map((value, plane) => Math.abs(value - colour[plane]!)));
        }, PATIENT)
        .toBeLessThan(12);
    }
    await expectAccessible(page);
    for (const width of [400, 900, 1600]) {
      await page.setViewportSize({ width, height: 800 });
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
    }
    // of all channels of a layer the strongest one
    await page.goto(`${url()}/#/tiny/wide`);
    await page.getByRole("button", { name: "Photographs" }).click();
    await page.getByText("Of 11 photographs the one that excites each channel most").waitFor();
    const layer = (await examplesOf("tiny/2")).document as unknown as LayerExamples;
    const texts = await page.locator(".photograph-grid img").evaluateAll((all) => {
      return all.map((each) => each.getAttribute("alt"));
    });
    expect(texts).toEqual(layer.examples.map((each, i) => `channel ${i + 1}, ${each!.name}`));
    expect(layer.examples[2]!.name).toBe(names[0]);
    await expectAccessible(page);
    await page.getByRole("link", { name: /^channel 3,/ }).click();
    await page.getByRole("heading", { name: "Channel 3" }).waitFor();
    await page.goBack();
    await page.getByText("Of 11 photographs the one that excites each channel most").waitFor();
    await page.getByRole("button", { name: "Photographs" }).click();
    expect(await page.locator(".photograph-grid").count()).toBe(0);
    // classes have no places
    await page.goto(`${url()}/#/tiny/classes/1`);
    await page.getByText(/^Of 11 photographs those that excite it most$/).waitFor();
    expect(complaints).toEqual([]);
    await page.close();
  });

  test("are told of what is there alone", async () => {
    const problemsOf = async (path: string) => {
      const { status, document } = await examplesOf(path);
      return [status, ...(document as unknown as { problems: readonly string[] }).problems];
    };
    expect(await problemsOf("other/2/1")).toEqual([404, "there is no network 'other'"]);
    expect(await problemsOf("tiny/9/1")).toEqual([404, "network 'tiny' has no layer 9: it has 6"]);
    expect(await problemsOf("tiny/2/8")).toEqual([
      404,
      "layer 2 of network 'tiny' has no channel 8: it has 7",
    ]);
    const told = () => examplesOf("tiny/2/1");
    await untilTrue(
      async () => (await told()).document.state === "done",
      () => "it never ended",
    );
    const { document } = await told();
    const address = `${url()}/${document.address}/${document.examples[0]!.photograph}`;
    expect((await fetch(address)).headers.get("content-type")).toBe("image/jpeg");
    expect((await fetch(address.replace(/\d+$/, "11"))).status).toBe(404);
    expect((await fetch(address.replace(/photographs\/./, "photographs/-"))).status).toBe(404);
    gone.add(document.examples[0]!.photograph);
    const answer = await fetch(address);
    expect(answer.status).toBe(404);
    expect(await answer.text()).toContain("png is not there any more");
  });
});
