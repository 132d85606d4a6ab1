import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

import * as z from "zod";

import type { SheetTile } from "../../lib/image/sheet.ts";
import { readPicture, readUserFile } from "../../lib/image/user-file.ts";
import { hasCode } from "../../lib/networks/absence.ts";
import { type NetworkInput, networkInputSchema } from "../../lib/networks/network-input.ts";
import { targets as targetsSchema } from "../../lib/pipeline/request/fields/targets.ts";
import {
  soleChannel,
  targetUnits,
  withoutNumber,
} from "../../lib/pipeline/request/target-units.ts";
import { resultPaths } from "./result-paths.ts";
import { UsageError } from "./user-errors.ts";

const manifestSchema = z.object({
  network: z.object({ id: z.string(), input: z.unknown().optional() }),
  layer: z.object({ index: z.int().min(1) }),
  request: z.object({ channelAxis: z.int().optional(), targets: targetsSchema }).optional(),
  given: z.object({ network: z.string().optional() }).optional(),
  tiles: z.array(
    z.object({
      channel: z.int().min(1),
      label: z.string().nullable(),
      tile: z.object({ key: z.string() }).optional(),
    }),
  ),
});

/** A picture of a sheet, as its file has it. */
export interface SheetPicture {
  /** Its number on the sheet, 1-based: its channel's, or its place among those of targets. */
  readonly channel: number;
  /** The channel that it raises, 1-based; `null`: a target that is no single channel. */
  readonly raised: number | null;
  readonly label: string | null;
  /** The label without what tells a target's images apart: the name of its class, if it is one. */
  readonly of: string | null;
  /** `null`: there is no file, or the channel failed. */
  readonly path: string | null;
}

export interface SheetPictures {
  /** The network that they are of: its id, or its path where it was given so. */
  readonly network: string;
  /** What it wanted of pixels; `null` where the manifest does not say. */
  readonly input: NetworkInput | null;
  /** 1-based index. */
  readonly layer: number;
  readonly channelAxis: number | undefined;
  readonly pictures: readonly SheetPicture[];
}

/** The pictures that a manifest names, in NAME.tiles beside NAME.manifest.json. */
export async function sheetPictures(manifestPath: string): Promise<SheetPictures> {
  const manifest = parseManifest(manifestPath, await readUserFile(manifestPath));
  const name = basename(manifestPath).replace(/(\.manifest)?\.json$/i, "");
  const { tiles: folder } = resultPaths(dirname(manifestPath), name);
  const files = new Set(await filesIn(folder));
  const { targets, channelAxis } = manifest.request ?? {};
  const units = targets && targetUnits(targets);
  const pictures = manifest.tiles.map(({ channel, label, tile }) => {
    const file = tile === undefined ? null : basename(tile.key);
    const path = file !== null && files.has(file) ? join(folder, file) : null;
    const unit = units?.[channel - 1];
    const raised = units ? unit && soleChannel(unit.target) : channel;
    const of = label !== null && unit ? withoutNumber(label, unit) : label;
    return { channel, raised: raised ?? null, label, of, path };
  });
  if (pictures.every(({ path }) => path === null)) {
    throw new UsageError(
      `${manifestPath}: none of its ${pictures.length} pictures is in ${folder}; keep the folder beside the manifest`,
    );
  }
  const { id, input } = manifest.network;
  const described = networkInputSchema.safeParse(input).data ?? null;
  const network = manifest.given?.network ?? id;
  return { network, input: described, layer: manifest.layer.index, channelAxis, pictures };
}

/** One of a sheet's pictures as a tile of another sheet. @param channel its number on the first */
export function pictureTile(
  pictures: readonly SheetPicture[],
  channel: number,
  label: string,
): SheetTile {
  const path = pictures.find((picture) => picture.channel === channel)?.path ?? null;
  if (path === null) return { kind: "failed", channel, label };
  return { kind: "image", image: () => readPicture(path), label };
}

function parseManifest(path: string, bytes: Uint8Array) {
  try {
    const parsed = manifestSchema.safeParse(JSON.parse(new TextDecoder().decode(bytes)));
    if (parsed.success) return parsed.data;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new UsageError(`${path}: want a sheet's manifest, NAME.manifest.json as dream writes it`);
}

async function filesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return [];
    throw error;
  }
}
