import type { JobPlan } from "../job/plan.ts";
import type { ChannelResult, OkResult } from "../job/result.ts";
import type { JobTally } from "../job/tally.ts";
import type { BuiltSheet } from "./build-sheet.ts";
import { sheetQuality } from "./sheet-quality.ts";

/**
 * Everything a reader needs about a finished sheet: what was asked, what is where, and how
 * each channel ended. It follows from plan and results, so writing it again changes nothing.
 */
export function sheetManifest(
  plan: JobPlan,
  results: ReadonlyMap<number, ChannelResult>,
  sheet: BuiltSheet,
  tally: JobTally,
) {
  const { layout } = sheet;
  return {
    version: 1,
    jobId: plan.jobId,
    ...tally,
    codeVersion: plan.codeVersion,
    request: plan.request,
    presetForm: plan.presetForm,
    ...(plan.eachForm && { eachForm: plan.eachForm }),
    network: plan.network,
    layer: plan.layer,
    ...(plan.otherLayers && { otherLayers: plan.otherLayers }),
    sheet: {
      width: layout.width,
      height: layout.height,
      rows: layout.rows,
      columns: layout.columns,
      thumbnail: layout.thumbnail,
      montage: sheet.montage,
      pages: sheet.pages,
      deepZoom: sheet.deepZoom,
      ...(sheet.missingGlyphs !== "" && { missingGlyphs: sheet.missingGlyphs }),
    },
    quality: sheetQuality(plan.channels.flatMap((channel) => results.get(channel) ?? [])),
    tiles: plan.channels.map((channel, i) => ({
      ...placeOf(channel, sheet),
      label: plan.labels[i] ?? null,
      ...tileOf(channel, results),
    })),
  };
}

/** Where a channel is on the whole sheet; nothing of one that was left out of it. */
function placeOf(channel: number, { layout, shown }: BuiltSheet) {
  const tile = layout.tiles[shown.indexOf(channel)];
  if (tile === undefined) return { place: null };
  const { row, column, x, y, width, height } = tile;
  return { row, column, /** Pixels. */ place: { x, y, width, height } };
}

function tileOf(channel: number, results: ReadonlyMap<number, ChannelResult>) {
  const result = results.get(channel);
  if (result === undefined) {
    throw new Error(`internal: channel ${channel} has no result, yet its sheet is being described`);
  }
  return tileRecord(result);
}

/** How a channel ended, as the manifest has it. */
export function tileRecord(result: ChannelResult) {
  const { channel } = result;
  const base = { channel, channelIndex: result.channelIndex, attempts: result.attempts };
  if (result.state === "cancelled") return { ...base, state: result.state };
  if (result.state === "failed") {
    return { ...base, state: result.state, source: result.source, reason: result.reason };
  }
  const { state, tile, raw, svg, animation, trace, quality, notices } = result;
  const { activation, seconds, provider, seed, restarts } = result;
  const files = { tile, raw, ...(svg && { svg }), ...(animation && { animation }) };
  const figures = { activation, activations: activationsByLevel(trace) };
  const drawn = { seconds, provider, seed, restarts, quality, ...(notices && { notices }) };
  return { ...base, state, ...files, ...figures, ...drawn };
}

/** Activation strength of each iteration, before its update; one list per pyramid level. */
function activationsByLevel(trace: OkResult["trace"]): number[][] {
  const levels: number[][] = [];
  for (const { level, activation } of trace) (levels[level - 1] ??= []).push(activation);
  return levels;
}
