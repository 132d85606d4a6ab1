import { describe, expect, test } from "vitest";

import { encodePng } from "../../lib/image/png.ts";
import { CHROMIUM, expectAccessible, openPage, PATIENT } from "./browser.ts";
import { tinyServiceAndBrowser } from "./tiny-service.ts";

describe.skipIf(CHROMIUM === null)("photographs", () => {
  const { browser, url } = tinyServiceAndBrowser();

  test("are sent from the form: an ascent starts from one, or a target is its caricature", async () => {
    const { page, complaints } = await openPage(browser());
    const data = Uint8Array.from({ length: 16 * 20 * 3 }, (_, i) => (i * 7) % 256);
    const png = Buffer.from(await encodePng({ width: 20, height: 16, data }));
    const choose = (what: string, mimeType: string) =>
      page
        .getByLabel(what)
        .setInputFiles({ name: `my ${mimeType.slice(6)}.file`, mimeType, buffer: png });
    const valueOf = (path: string) => page.locator(`[id="field-${path}"]`).inputValue();
    await page.goto(`${url()}/#/-/request?method=deepdream&network=tiny&layer=wide&channels=1:2`);

    await choose("Start from a photograph", "image/gif");
    await page.getByText("given 'my gif.file'; wanted a PNG, JPEG or WebP file").waitFor();
    expect(await valueOf("initialImage")).toBe("");
    await choose("Start from a photograph", "image/png");
    await expect.poll(() => valueOf("initialImage"), PATIENT).toMatch(/^uploads\/[\w-]+\.png$/);
    await page.getByText("my png.file", { exact: true }).waitFor();
    await page.getByLabel("pyramidLevels").fill("1");
    await page.getByRole("button", { name: "Render", exact: true }).click();
    await page.getByRole("img", { name: "channel 2" }).waitFor();

    await page.goBack();
    await choose("Caricature a photograph", "image/png");
    await expect.poll(() => valueOf("targets"), PATIENT).toMatch(/^\[\{"activationOf":"uploads\//);
    expect(await valueOf("channels"), "they would stand beside the target").toBe("");
    await choose("Draw a photograph's activation grid", "image/png");
    await expect.poll(() => valueOf("targets"), PATIENT).toContain('.png","at":"each"}]');
    await choose("Caricature a photograph", "image/png");
    await expect.poll(() => valueOf("targets"), PATIENT).toMatch(/\.png"\}\]$/);
    await expectAccessible(page);
    await page.getByRole("button", { name: "Render", exact: true }).click();
    await page.getByRole("heading", { name: "tiny / wide" }).waitFor();
    // under the name of its file
    await page.getByRole("img", { name: "image 1, like my-png" }).waitFor();
    expect(complaints).toEqual([]);
    await page.close();
  });
});
