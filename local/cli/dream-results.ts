import { copyFile, cp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";

import { z } from "zod";

import {
  describeSheetQuality,
  sheetQualitySchema,
} from "../../lib/pipeline/sheet/sheet-quality.ts";
import type { JobOutcome } from "../run-events.ts";
import type { Terminal } from "./terminal.ts";

/** What is read of a sheet's manifest. */
const manifestSchema = z.object({ quality: sheetQualitySchema.nullable() });

/** Where the results of a request go that is called `name`. */
export interface ResultPaths {
  readonly sheet: string;
  readonly manifest: string;
  readonly tiles: string;
}

export function resultPaths(folder: string, name: string): ResultPaths {
  return {
    sheet: join(folder, `${name}.png`),
    manifest: join(folder, `${name}.manifest.json`),
    tiles: join(folder, `${name}.tiles`),
  };
}

/** Copies an ended job's results out of the bucket's folder and says where they are. */
export async function deliverResults(
  name: string,
  outcome: Extract<JobOutcome, { readonly kind: "ended" }>,
  { folder, terminal }: { readonly folder: string; readonly terminal: Terminal },
): Promise<void> {
  const { sheet, manifest, tiles } = resultPaths(folder, name);
  await copyFile(outcome.manifestPath, manifest);
  await rm(tiles, { recursive: true, force: true });
  const { ok, failed, total } = outcome.completion;
  // without an image there is no folder of them
  if (ok > 0) await cp(outcome.tilesFolder, tiles, { recursive: true });
  await copyFile(outcome.sheetPath, sheet);
  terminal.print(`${sheet}  (${ok} of ${total} images${failed > 0 ? `, ${failed} failed` : ""})`);
  const { quality } = manifestSchema.parse(JSON.parse(await readFile(manifest, "utf8")));
  if (quality !== null) terminal.note(`${name}: ${describeSheetQuality(quality)}`);
  if (failed > 0)
    terminal.note(
      `${name}: ${failed} channels failed; ${name}.manifest.json says why; the same request is the same job, --data with another folder renders it anew`,
    );
}
