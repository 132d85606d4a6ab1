import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";

import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { expect } from "vitest";

/** Where Linux distributions have it; `CHROMIUM` names another. */
const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** `null` where there is none: then tests that need it are skipped, and say so. */
export const CHROMIUM =
  [process.env["CHROMIUM"], ...PLACES].find((path) => path !== undefined && existsSync(path)) ??
  null;

if (CHROMIUM === null) {
  console.warn("no chromium here: the tests of the page are skipped (apt-get install chromium)");
}

/** Only against hangs: no test may depend on how fast the machine is. */
export const PATIENT = { timeout: 600_000 };

/** Of a page's own steps, likewise. */
const HANG_MS = 120_000;

/**
 * The address bar's menus are pages, with a process of their own in each window, and the next window's
 * process is started beforehand: together they take as long as what is tested.
 */
const UNUSED = ["WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "SpareRendererForSitePerProcess"];
/** What Playwright turns off: of several such lists chromium takes the last. */
const OFF_IN_PLAYWRIGHT = [
  "AimEnabled",
  "AvoidCorsURLLoaderRestartOnRedirect",
  "AvoidUnnecessaryBeforeUnloadCheckSync",
  "DestroyProfileOnBrowserClose",
  "HttpsFirstBalancedModeAutoEnable",
  "HttpsUpgrades",
  "LensOverlay",
  "MediaRouter",
  "NetworkTimeServiceQuerying",
  "OptimizationHints",
  "PaintHolding",
  "PreconnectToSearch",
  "ThirdPartyStoragePartitioning",
];

export function launch(): Promise<Browser> {
  if (CHROMIUM === null) throw new Error("internal: these tests are to be skipped");
  // chromium has a socket there, whose path may have 107 bytes
  const env = tmpdir().length > 50 ? { ...process.env, TMPDIR: "/tmp" } : process.env;
  // a container's root may not use the sandbox; what is opened here is our own page
  const args = ["--no-sandbox", `--disable-features=${[...UNUSED, ...OFF_IN_PLAYWRIGHT].join()}`];
  return chromium.launch({ executablePath: CHROMIUM, args, env, ...PATIENT });
}

let launched: Promise<Browser> | null = null;

/**
 * The browser of this process's test files, which run one after the other: to start one takes as
 * long as the tests of a short file. It ends with the process.
 */
export function sharedBrowser(): Promise<Browser> {
  return (launched ??= launch());
}

let shared: BrowserContext | null = null;

/**
 * The context of pages that ask for nothing else: a new one's has a process to start, and all of our
 * page to fetch and to compile. Our page keeps nothing in the browser.
 */
async function contextOf(browser: Browser): Promise<BrowserContext> {
  if (shared?.browser() !== browser) shared = await browser.newContext();
  return shared;
}

/** Closes all that a file's tests have opened in the shared browser. */
export async function closePages(): Promise<void> {
  shared = null;
  for (const context of (await sharedBrowser()).contexts()) await context.close();
}

export interface OpenPage {
  readonly page: Page;
  /** What the page complained about so far; none is allowed. */
  readonly complaints: readonly string[];
}

/**
 * Opens a page, and keeps what it complains about.
 *
 * @param options for a context of its own
 */
export async function openPage(
  browser: Browser,
  options?: Parameters<Browser["newPage"]>[0],
): Promise<OpenPage> {
  const opener = options === undefined ? await contextOf(browser) : browser;
  const page = await opener.newPage(options);
  page.setDefaultTimeout(HANG_MS);
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  return { page, complaints };
}

/** Tabs of one browser, which know of each other. */
export async function openTabs(browser: Browser): Promise<BrowserContext> {
  const tabs = await browser.newContext();
  tabs.setDefaultTimeout(HANG_MS);
  return tabs;
}

/** Waits until a page fetches nothing any more. */
export async function expectFetched(page: Page): Promise<void> {
  await expect.poll(() => page.locator("[aria-busy=true]").count(), PATIENT).toBe(0);
}

/** Asks for channels on the page of a layer. */
export async function askFor(page: Page, channels: string): Promise<void> {
  await page.getByLabel("Channels", { exact: true }).fill(channels);
  await page.getByRole("button", { name: "Render these" }).click();
}

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface AxeViolation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

/**
 * What axe finds wrong with the page as it is, a line each.
 *
 * @param rules by their ids. @default all
 */
export async function axeViolations(
  page: Page,
  rules: readonly string[] | null = null,
): Promise<readonly string[]> {
  // the page's policy lets no script in; this is from the outside
  if (!(await page.evaluate(`"axe" in window`))) await page.evaluate(axe);
  const options = JSON.stringify(rules === null ? {} : { runOnly: rules });
  const violations = await page.evaluate<readonly AxeViolation[]>(
    `axe.run(${options}).then(({ violations }) => violations)`,
  );
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html}: ${failureSummary}`),
  );
}

export async function expectAccessible(
  page: Page,
  rules: readonly string[] | null = null,
): Promise<void> {
  expect(await axeViolations(page, rules)).toEqual([]);
}
