import { createHash } from "node:crypto";

import { several } from "../several.ts";
import { html, Html, jsonBlock } from "./html.ts";
import { columnsOf, type NamedSheet, requestToCopy, titleOf } from "./report-sheet.ts";
import { renderSheet } from "./render-sheet.ts";

/** What a page looks like and does, as its files have it. */
export interface ReportAssets {
  readonly css: string;
  readonly script: string;
}

export interface ReportOptions {
  /** While it goes on, the page loads itself again every few seconds. */
  readonly isRunning: boolean;
  /** Tiles as data URIs by their paths; those that are not there are named by relative path. */
  readonly embedded: ReadonlyMap<string, string>;
  readonly version: string;
  readonly now: Date;
}

/** What tells a report from any other page of that name. */
export const GENERATOR = '<meta name="generator" content="dreamgrid';

/**
 * A page with sheets, their tiles, traces and figures, that needs nothing but the tiles' files: no
 * server, no network, and no script to be read; the script enlarges tiles and draws their traces.
 */
export function renderReport(
  sheets: readonly NamedSheet[],
  { css: style, script }: ReportAssets,
  { isRunning, embedded, version, now }: ReportOptions,
): string {
  const networks = [...new Set(sheets.map(({ sheet }) => sheet.network.id))];
  const title = networks.length === 1 ? networks[0]! : `${networks.length} networks`;
  const titles = titlesOf(sheets);
  const images = sheets.reduce((sum, { sheet }) => sum + sheet.ok, 0);
  const css = style + sheets.map(columnsRule).join("");
  // no source but the page's own files, and of scripts and styles these very bytes alone
  const policy = [
    "default-src 'none'",
    "img-src 'self' file: data:",
    `style-src '${hashOf(css)}'`,
    `script-src '${hashOf(script)}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        ${new Html(`${GENERATOR} ${version}">`)}
        <meta name="color-scheme" content="light dark" />
        <title>${title} - dreamgrid</title>
        ${new Html(`<style>${css}</style>`)}
      </head>
      <body${new Html(isRunning ? ` data-written="${now.getTime()}"` : "")}>
        <a class="skip" href="#sheets">Skip to the sheets</a>
        <header class="top">
          <p class="brand">dreamgrid</p>
          <h1>${title}</h1>
          <p class="muted">${several(sheets.length, "sheet")}, ${several(images, "image")}</p>
          ${sheets.length > 1 ? contents(titles) : null}
        </header>
        <main id="sheets">
          ${sheets.map((sheet, i) => renderSheet(sheet, { number: i + 1, title: titles[i]!, embedded }))}
        </main>
        ${VIEWER}
        <p id="said" class="hidden" role="status"></p>
        <script type="application/json" id="data">${jsonBlock(sheets.map(shownData))}</script>
        ${new Html(`<script>${script}</script>`)}
      </body>
    </html>`;
  return `${page.text}\n`;
}

/** A rule of the style sheet: the policy allows no `style` attribute. */
function columnsRule({ sheet }: NamedSheet, i: number): string {
  const columns = columnsOf(sheet);
  return columns === null ? "" : `#sheet-${i + 1} { --columns: ${columns}; }\n`;
}

/** What they are called; where that is the same of several, the names of their requests too. */
function titlesOf(sheets: readonly NamedSheet[]): readonly string[] {
  const titles = sheets.map(({ sheet }) => titleOf(sheet));
  return titles.map((title, i) =>
    titles.indexOf(title) === titles.lastIndexOf(title) ? title : `${title}, ${sheets[i]!.name}`,
  );
}

function contents(titles: readonly string[]): Html {
  const links = titles.map((title, i) => html`<li><a href="#sheet-${i + 1}">${title}</a></li>`);
  return html`<nav aria-label="Sheets">
    <ul class="contents">
      ${links}
    </ul>
  </nav>`;
}

/** What the script shows of a tile beside its picture. */
function shownData({ name, sheet }: NamedSheet) {
  const { layer, network, tiles } = sheet;
  const drawn = tiles.flatMap((tile) => {
    if (tile.state !== "ok") return [];
    const { state: _, tile: __, animation: ___, activations, ...figures } = tile;
    // five digits are more than a plot can show, and half of the bytes
    const levels = activations.map((level) => level.map((value) => Number(value.toPrecision(5))));
    return [{ ...figures, levels }];
  });
  return {
    name,
    layer: layer.name,
    network: network.id,
    request: requestToCopy(sheet),
    tiles: drawn,
  };
}

const VIEWER = html`<dialog id="viewer" aria-labelledby="viewer-title">
  <div class="viewer">
    <div class="picture"><img id="viewer-image" alt="" /></div>
    <div class="about">
      <div class="bar">
        <button type="button" id="viewer-back" aria-label="Previous image">&#8592;</button>
        <button type="button" id="viewer-on" aria-label="Next image">&#8594;</button>
        <span class="space"></span>
        <button type="button" id="viewer-close" aria-label="Close">&#10005;</button>
      </div>
      <h2 id="viewer-title" tabindex="-1"></h2>
      <p id="viewer-sheet" class="muted"></p>
      <figure class="trace">
        <svg id="viewer-trace" viewBox="0 0 360 170" role="img"></svg>
        <figcaption>Activation strength by iteration</figcaption>
      </figure>
      <dl id="viewer-figures" class="list"></dl>
      <details class="request">
        <summary>The request for this image</summary>
        <button type="button" data-copies="viewer-request">Copy</button>
        <pre id="viewer-request" tabindex="0"></pre>
      </details>
    </div>
  </div>
</dialog>`;

function hashOf(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}
