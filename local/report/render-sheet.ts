import { describeSheetQuality } from "../../lib/pipeline/sheet/sheet-quality.ts";
import { several } from "../several.ts";
import { html, type Html } from "./html.ts";
import {
  columnsOf,
  type DrawnTile,
  type NamedSheet,
  noticesOf,
  type ReportSheet,
  type ReportTile,
  requestToCopy,
  titleOf,
} from "./report-sheet.ts";

/** Up to so many tiles are shown larger: there is room for them. */
const FEW_TILES = 12;
/** Where no tile says how large the others will be. */
const USUAL_SIZE = { width: 224, height: 224 };

export interface SheetOptions {
  /** Of the sheet in the report, from 1; its tiles are `#s<number>-<channel>`. */
  readonly number: number;
  readonly title: string;
  readonly embedded: ReadonlyMap<string, string>;
}

export function renderSheet(
  { name, sheet, image }: NamedSheet,
  { number, title, embedded }: SheetOptions,
): Html {
  const { layer, network, quality, request, tiles } = sheet;
  const id = `sheet-${number}`;
  const drawn = tiles.find((tile) => tile.state === "ok");
  const noun = request["targets"] === undefined ? "channel" : "image";
  const waiting = drawn?.tile ?? USUAL_SIZE;
  const named = titleOf(sheet) === layer.name ? "" : ` ${layer.name}`;
  const facts = [network.id, `layer ${layer.index}${named}`, ...recipe(sheet)];
  return html`<section id="${id}" class="sheet" aria-labelledby="${id}-title">
    <h2 id="${id}-title">${title}</h2>
    <p class="muted">${facts.join(" · ")}</p>
    <p>${standing(sheet)}</p>
    ${sheet.state === "running" ? progressBar(sheet) : null}
    ${quality === null ? null : html`<p class="muted">${describeSheetQuality(quality)}</p>`}
    ${noticesOf(sheet).map((notice) => html`<p class="muted">${notice}</p>`)}
    ${embedded.size > 0 || sheet.state === "running" ? null : files(name, image)}
    <details class="request">
      <summary>The request</summary>
      <button type="button" data-copies="${id}-request">Copy</button>
      <pre id="${id}-request" tabindex="0">${JSON.stringify(requestToCopy(sheet), null, 2)}</pre>
    </details>
    <ul class="${layoutOf(sheet)}">
      ${tiles.map((tile) => renderTile(tile, { name, number, embedded, noun, waiting }))}
    </ul>
  </section>`;
}

function layoutOf(sheet: ReportSheet): string {
  const { request, tiles } = sheet;
  if (columnsOf(sheet) === null) return tiles.length <= FEW_TILES ? "tiles few" : "tiles";
  return request.montage?.labels?.length === 0 ? "tiles laid bare" : "tiles laid";
}

interface TileOptions extends Omit<SheetOptions, "title"> {
  readonly name: string;
  /** What the numbers are of. */
  readonly noun: "channel" | "image";
  /** Size of what is not there yet. */
  readonly waiting: { readonly width: number; readonly height: number };
}

function renderTile(tile: ReportTile, options: TileOptions): Html {
  const { number, waiting } = options;
  const id = `s${number}-${tile.channel}`;
  const label = tile.label ? html` <span class="label">${tile.label}</span>` : null;
  if (tile.state === "ok") {
    const { marks } = tile.quality;
    const marked =
      marks.length === 0 ? null : html` <span class="marks">${marks.join(", ")}</span>`;
    // number and label are what the picture is called
    const seen = html`<span aria-hidden="true">${tile.channel}${label}</span>`;
    const caption = html`<span class="caption">${seen}${marked}</span>`;
    const source = sourceOf(tile.tile, options);
    const isEmbedded = source.startsWith("data:");
    return html`<li id="${id}">
      <a href="${isEmbedded ? `#${id}` : source}" aria-haspopup="dialog">
        <span class="frame">${picture(tile, source, options)}</span>${caption}</a
      >${playButton(tile, options)}
    </li>`;
  }
  const caption = html`<span class="caption">${tile.channel}${label}</span>`;
  const reason = tile.state === "failed" ? html`<span class="reason">${tile.reason}</span>` : null;
  return html`<li id="${id}" class="${tile.state}">
    <span class="frame"
      ><svg viewBox="0 0 ${waiting.width} ${waiting.height}" aria-hidden="true"></svg>
      <span class="state">${tile.state}</span></span
    >${caption}${reason}
  </li>`;
}

function picture(tile: DrawnTile, source: string, { noun }: TileOptions): Html {
  const { width, height } = tile.tile;
  const alt = `${noun} ${tile.channel}${tile.label ? `, ${tile.label}` : ""}`;
  return html`<img
    src="${source}"
    width="${width}"
    height="${height}"
    alt="${alt}"
    loading="lazy"
    decoding="async"
  />`;
}

/** Shows in the picture's place how it came about, and after one run where no more is wanted. */
function playButton({ channel, animation }: DrawnTile, options: TileOptions): Html | null {
  if (animation === undefined) return null;
  return html`<button
    type="button"
    class="play"
    aria-pressed="false"
    aria-label="Play how ${options.noun} ${channel} came about"
    data-animation="${sourceOf(animation, options)}"
    data-seconds="${animation.seconds}"
  ></button>`;
}

/** The picture itself where it is embedded, else its path from the report. */
function sourceOf({ key }: { readonly key: string }, options: TileOptions): string {
  const { name, embedded } = options;
  const path = tilePath(name, key);
  return embedded.get(path) ?? addressOf(path);
}

/** Path of a tile's file beside the report. */
export function tilePath(name: string, key: string): string {
  return `${name}.tiles/${key.slice(key.lastIndexOf("/") + 1)}`;
}

/** A relative path as an address: a name may have any character in it, and begin like a scheme. */
function addressOf(path: string): string {
  return `./${path.split("/").map(encodeURIComponent).join("/")}`;
}

const NO_PRESET: { readonly [name: string]: unknown; readonly preset: null } = { preset: null };

function recipe({ request, presetForm }: ReportSheet): readonly string[] {
  const { method, numIterations, pyramidLevels, seed } = request;
  const iterations =
    typeof pyramidLevels === "number"
      ? `${String(numIterations)} x ${pyramidLevels} iterations`
      : several(Number(numIterations), "iteration");
  // said for every request
  const { preset, numIterations: _, ...others } = presetForm ?? NO_PRESET;
  return [
    preset === null ? method : `${method}, preset ${preset}`,
    iterations,
    ...Object.entries(others).map(([name, value]) => `${name} ${JSON.stringify(value)}`),
    `seed ${String(seed)}`,
  ];
}

function standing({ state, total, ok, failed, cancelled }: ReportSheet): string {
  const parts = [
    `${ok} of ${total} images`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(cancelled > 0 ? [`${cancelled} cancelled`] : []),
    ...(state === "running" ? ["not finished"] : []),
  ];
  return parts.join(", ");
}

function progressBar({ total, ok, failed, cancelled }: ReportSheet): Html {
  const done = ok + failed + cancelled;
  return html`<progress max="${total}" value="${done}" aria-label="images done"></progress>`;
}

function files(name: string, image: string): Html {
  return html`<p class="files">
    <a href="${addressOf(image)}">The sheet as one image</a>
    <a href="${addressOf(`${name}.manifest.json`)}">Its manifest</a>
  </p>`;
}
