import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { type Service, startService } from "../../local/serve.ts";
import { FakeRenderer } from "../support/fake-renderer.ts";
import { tinyNetwork } from "../support/tiny-network.ts";
import { CHROMIUM, expectAccessible, launch, openPage } from "./browser.ts";

/** Only against hangs: no test may depend on how fast the machine is. */
const PATIENT = { timeout: 600_000 };

let browser: Browser;
let folder: string;
let service: Service;

describe.skipIf(CHROMIUM === null)("the atlas", () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "atlas-"));
    await tinyNetwork(folder);
    service = await startService({
      dataFolder: join(folder, "data"),
      awsPort: 0,
      apiPort: 0,
      renderer: new FakeRenderer(),
      networkFolders: [folder],
      recoverySeconds: 2,
    });
    browser = await launch();
  });

  afterAll(async () => {
    await browser.close();
    await service.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test("is a wall of all layers, drawn from the page, whose pictures lead to their channels", async () => {
    const { page, complaints } = await openPage(browser);
    await page.goto(`${service.api.url}/#/tiny`);
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
    await wall.getByRole("link", { name: "wide, channel 3" }).click();
    await page.getByRole("heading", { name: "Channel 3" }).waitFor();
    expect(page.url()).toContain("#/tiny/wide/3");
    await page.goto(`${service.api.url}/#/-/atlas/tinny`);
    await page.getByRole("alert").getByText("tinny").waitFor();
    expect(complaints.filter((text) => !text.includes("status of 400"))).toEqual([]);
    await page.close();
  });
});
