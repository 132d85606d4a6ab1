import { expect, onTestFinished, test } from "vitest";

import { axeViolations, CHROMIUM, closePages, openPage, sharedBrowser } from "./browser.ts";

test.skipIf(CHROMIUM === null)(
  "axe finds what is wrong, and what is wrong in the dark",
  async () => {
    const { page } = await openPage(await sharedBrowser());
    onTestFinished(closePages);
    await page.setContent("<html><body><img src='data:,'></body></html>");
    expect((await axeViolations(page)).join()).toContain("image-alt");

    const dim = "p { color: #666; background: #555 }";
    await page.setContent(`<style>@media (prefers-color-scheme: dark) { ${dim} }</style><p>text`);
    const contrast = () => axeViolations(page, ["color-contrast"]);
    expect(await contrast()).toEqual([]);
    await page.emulateMedia({ colorScheme: "dark" });
    expect((await contrast()).join()).toContain("color-contrast");
  },
);
