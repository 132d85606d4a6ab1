import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { describe, expect, onTestFinished, test } from "vitest";

import { startOpenPage } from "../../local/page/open-page.ts";
import { SECRET, serverThatChecks, stubCredentials } from "../support/signature-server.ts";
import { askFor, CHROMIUM, openPage } from "./browser.ts";
import { tinyServiceAndBrowser } from "./tiny-service.ts";

describe.skipIf(CHROMIUM === null)("the page of a deployed stack", () => {
  const tiny = tinyServiceAndBrowser();

  /** Opens the page of an API that checks signatures by `secret`. */
  async function opened(secret: string) {
    stubCredentials();
    const url = await serverThatChecks(secret, tiny.url());
    const server = await startOpenPage({ url, region: "eu-west-3", port: 0 });
    onTestFinished(() => server.close());
    return { url, server };
  }

  test("draws through an API that checks signatures; another browser is kept out", async () => {
    const { url, server } = await opened(SECRET);
    const { page, complaints } = await openPage(tiny.browser());
    await page.goto(`${server.url}#/tiny/wide`);
    expect(page.url()).not.toContain("token");
    await askFor(page, "1:2");
    await page.getByRole("img", { name: "channel 2" }).waitFor();
    await page.getByRole("link", { name: "channel 2", exact: true }).click();
    await page.getByRole("button", { name: "curl" }).click();
    await page.getByText(`'${url.href}/jobs'`).waitFor();
    await page.getByText("--aws-sigv4 'aws:amz:eu-west-3:execute-api'").waitFor();
    expect(complaints).toEqual([]);
    const other = await tiny.browser().newPage();
    expect((await other.goto(server.url))?.status()).toBe(403);
    await Promise.all([page.close(), other.close()]);
  });

  test("with other credentials, says what the API says", async () => {
    const { server } = await opened("another secret");
    const { page } = await openPage(tiny.browser());
    await page.goto(server.url);
    expect(await page.getByRole("alert").textContent()).toContain("HTTP status 403");
    await page.close();
  });

  test("a network that is dropped is published through the API, with its class names", async () => {
    const { server } = await opened(SECRET);
    const { page, complaints } = await openPage(tiny.browser());
    await page.goto(server.url);
    const model = await readFile(join(tiny.service().folder, "tiny/tiny.onnx"));
    await page.locator("input[type=file]").setInputFiles([
      { name: "named.onnx", mimeType: "", buffer: model },
      { name: "names.txt", mimeType: "text/plain", buffer: Buffer.from("a\nb\nc\nd\ne\n") },
    ]);
    await page.getByRole("button", { name: "Add the network" }).click();
    await page.getByRole("heading", { level: 1, name: "named" }).waitFor();
    await page.getByRole("link", { name: "classes", exact: true }).click();
    await page.getByRole("link", { name: "channel 5, e", exact: true }).waitFor();
    expect(complaints).toEqual([]);
    await page.close();
  });
});
