import { readdir, readFile, writeFile } from "node:fs/promises";
import { extname, join } from "node:path";

import packageJson from "../../package.json" with { type: "json" };
import { SHEET_ENDINGS } from "../../lib/image/formats.ts";
import { isAbsence, readIfThere } from "../../lib/networks/absence.ts";
import { makeWhole } from "../../lib/networks/whole.ts";
import { mapConcurrently } from "../../lib/pipeline/concurrency.ts";
import { GENERATOR, renderReport, type ReportAssets } from "./render-report.ts";
import { tilePath } from "./render-sheet.ts";
import { type NamedSheet, reportSheetSchema } from "./report-sheet.ts";

/** In the order in which they count; in `styles`. */
const STYLES = ["theme", "page", "tiles", "viewer", "print"];
const REPORT_NAME = "index.html";
const MANIFEST_ENDING = ".manifest.json";
/** So much of a page is read to see whose it is. */
const HEAD_CHARACTERS = 4_096;

export interface ReportFileOptions {
  /** Where the sheets are. */
  readonly folder: string;
  /** Tiles go into the page itself, which is then all there is to it. */
  readonly embed: boolean;
  readonly now?: () => Date;
}

/** The report of a folder of sheets: `index.html` beside them. */
export class ReportFile {
  readonly path: string;
  readonly #options: ReportFileOptions;
  #assets: ReportAssets | null = null;
  #others: readonly NamedSheet[] | null = null;

  constructor(options: ReportFileOptions) {
    this.path = join(options.folder, REPORT_NAME);
    this.#options = options;
  }

  /** Whether the path is free, or has a report that may be replaced. */
  async mayBeWritten(): Promise<boolean> {
    const text = await readIfThere(this.path);
    return text === null || text.slice(0, HEAD_CHARACTERS).includes(GENERATOR);
  }

  /**
   * Writes the report, whole or not at all: first the sheets given, then those that lay in the
   * folder before, by name.
   *
   * @param isRunning whether more of them is to come
   */
  async write(sheets: readonly NamedSheet[], isRunning: boolean): Promise<void> {
    const { folder, embed, now = () => new Date() } = this.#options;
    this.#assets ??= await readAssets();
    this.#others ??= await sheetsIn(folder);
    const names = new Set(sheets.map(({ name }) => name));
    const all = [...sheets, ...this.#others.filter(({ name }) => !names.has(name))];
    const page = renderReport(all, this.#assets, {
      isRunning,
      // while tiles come in they are read from their files
      embedded: embed && !isRunning ? await embedTiles(folder, all) : new Map(),
      version: packageJson.version,
      now: now(),
    });
    await makeWhole(this.path, (temporary) => writeFile(temporary, page));
  }
}

/** They lie beside this file, and are the package's own: see its list of files. */
async function readAssets(): Promise<ReportAssets> {
  const read = (file: string) =>
    readFile(new URL(`../../local/report/${file}`, import.meta.url), "utf8");
  const styles = await Promise.all(STYLES.map((name) => read(`styles/${name}.css`)));
  return { css: styles.join(""), script: await read("report.js") };
}

/** The sheets whose manifests lie in a folder; other files called so are no concern of ours. */
async function sheetsIn(folder: string): Promise<readonly NamedSheet[]> {
  const files = await readdir(folder);
  const manifests = files.filter((file) => file.endsWith(MANIFEST_ENDING));
  const sheets = await mapConcurrently(manifests.toSorted(), async (file) => {
    const sheet = await readSheet(join(folder, file));
    const name = file.slice(0, -MANIFEST_ENDING.length);
    const [image = `${name}.png`] = Object.values(SHEET_ENDINGS)
      .map((ending) => `${name}${ending}`)
      .filter((each) => files.includes(each));
    return sheet === null ? [] : [{ name, sheet, image }];
  });
  return sheets.flat();
}

/** A sheet's manifest; `null` if the file is none. */
export async function readSheet(manifestPath: string): Promise<NamedSheet["sheet"] | null> {
  const text = await readIfThere(manifestPath);
  if (text === null) return null;
  try {
    return reportSheetSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

async function embedTiles(
  folder: string,
  sheets: readonly NamedSheet[],
): Promise<ReadonlyMap<string, string>> {
  const paths = sheets.flatMap(({ name, sheet }) =>
    sheet.tiles.flatMap((tile) => {
      if (tile.state !== "ok") return [];
      return [tile.tile, tile.animation].flatMap((file) => (file ? tilePath(name, file.key) : []));
    }),
  );
  const embedded = await mapConcurrently(paths, async (path): Promise<[string, string][]> => {
    try {
      const bytes = await readFile(join(folder, path));
      const type = `image/${extname(path).slice(1)}`;
      return [[path, `data:${type};base64,${bytes.toString("base64")}`]];
    } catch (error) {
      // an earlier sheet's tiles may have been moved away
      if (isAbsence(error)) return [];
      throw error;
    }
  });
  return new Map(embedded.flat());
}
