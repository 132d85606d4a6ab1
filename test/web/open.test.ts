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
});
