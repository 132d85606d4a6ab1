import * as z from "zod";

import { shortestRequest, withRange } from "../../lib/pipeline/request/shortest-request.ts";
import { missingGlyphsNotice } from "../../lib/pipeline/sheet/missing-glyphs.ts";
import { qualitySchema } from "../../lib/pipeline/job/quality.ts";
import { jobStateSchema } from "../../lib/pipeline/job/tally.ts";
import { sheetQualitySchema } from "../../lib/pipeline/sheet/sheet-quality.ts";

const size = { width: z.int().min(1), height: z.int().min(1) };
const place = { channel: z.int().min(1), label: z.string().nullable() };

const tileSchema = z.discriminatedUnion("state", [
  z.object({
    ...place,
    state: z.literal("ok"),
    tile: z.object({ key: z.string(), ...size }),
    /** `seconds` of one run. */
    animation: z.object({ key: z.string(), seconds: z.number() }).optional(),
    activation: z.number(),
    /** Activation strength after each iteration, one list for each pyramid level. */
    activations: z.array(z.array(z.number())),
    seconds: z.number(),
    seed: z.int(),
    restarts: z.int(),
    quality: qualitySchema,
    notices: z.array(z.string()).default([]),
  }),
  z.object({ ...place, state: z.literal("failed"), reason: z.string() }),
  z.object({ ...place, state: z.literal("cancelled") }),
  z.object({ ...place, state: z.literal("waiting") }),
]);

const namedLayer = z.object({ index: z.int().min(1), name: z.string() });
const gridSide = z.int().min(1).nullable();

/** What a report needs of a sheet: a manifest has it all, and more. */
export const reportSheetSchema = z.object({
  state: jobStateSchema,
  jobId: z.string(),
  total: z.int().min(1),
  ok: z.int().min(0),
  failed: z.int().min(0),
  cancelled: z.int().min(0),
  network: z.object({ id: z.string() }),
  layer: namedLayer,
  otherLayers: z.array(namedLayer).optional(),
  request: z.looseObject({
    method: z.string(),
    montage: z
      .looseObject({
        gridSize: z.tuple([gridSide, gridSide]).nullish(),
        title: z.string().nullish(),
        labels: z.union([z.string(), z.array(z.string())]).nullish(),
      })
      .optional(),
  }),
  /** The preset, and what of its parameters is otherwise; `null` without any, and of before. */
  presetForm: z.looseObject({ preset: z.string() }).nullable().default(null),
  /** Its fields before targets at `"each"` place became one for each; left out where none did. */
  eachForm: z.looseObject({}).optional(),
  /** Fields of the request as the user gave them, with paths of this machine. */
  given: z.record(z.string(), z.unknown()).default({}),
  sheet: z
    .object({ ...size, missingGlyphs: z.string().default(""), montage: z.object(size) })
    .optional(),
  quality: sheetQualitySchema.nullable(),
  tiles: z.array(tileSchema),
});

export type ReportTile = z.infer<typeof tileSchema>;
export type DrawnTile = Extract<ReportTile, { readonly state: "ok" }>;
export type ReportSheet = z.infer<typeof reportSheetSchema>;

/** The request with the fewest fields, as a person would write it, to be given again. */
export function requestToCopy(sheet: ReportSheet): Readonly<Record<string, unknown>> {
  return withRange({ ...shortestRequest(sheet), ...sheet.given });
}

/**
 * In how many columns the request has the sheet laid, as an activation grid's has it as its layer's
 * map; `null` where it leaves that open.
 */
export function columnsOf({ request, total }: ReportSheet): number | null {
  const [rows, columns] = request.montage?.gridSize ?? [null, null];
  return columns ?? (rows === null ? null : Math.ceil(total / rows));
}

/** What a sheet is called: its own title, or else its layer's name. */
export function titleOf({ request, layer }: ReportSheet): string {
  return request.montage?.title || layer.name;
}

/** What one would not expect of the work on a sheet, each once. */
export function noticesOf({ tiles, sheet }: ReportSheet): readonly string[] {
  const ofSheet = sheet === undefined ? [] : sheetNotices(sheet);
  const ofTiles = tiles.flatMap((tile) => (tile.state === "ok" ? tile.notices : []));
  return [...new Set([...ofSheet, ...ofTiles])];
}

function sheetNotices({
  width,
  height,
  montage,
  missingGlyphs,
}: NonNullable<ReportSheet["sheet"]>): readonly string[] {
  const isWhole = montage.width === width && montage.height === height;
  return [
    ...(isWhole
      ? []
      : [
          `a sheet of ${width}x${height} pixels is more than one file may have: its file is an overview of ${montage.width}x${montage.height}; with a smaller thumbnailSize it is whole`,
        ]),
    ...(missingGlyphs === "" ? [] : [missingGlyphsNotice(missingGlyphs)]),
  ];
}

/** A sheet and what its files beside the report are called: NAME.png, NAME.tiles, and so on. */
export interface NamedSheet {
  readonly name: string;
  readonly sheet: ReportSheet;
  /** File of the sheet itself. */
  readonly image: string;
}
