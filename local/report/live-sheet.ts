import type { JobPlan } from "../../lib/pipeline/job/plan.ts";
import type { ChannelResult } from "../../lib/pipeline/job/result.ts";
import { tallyOf } from "../../lib/pipeline/job/tally.ts";
import { tileRecord } from "../../lib/pipeline/sheet/sheet-manifest.ts";
import { sheetQuality } from "../../lib/pipeline/sheet/sheet-quality.ts";
import { type ReportSheet, reportSheetSchema } from "./report-sheet.ts";

/** A job as far as it has come, as its manifest will have it. */
export function liveSheet(plan: JobPlan, results: ReadonlyMap<number, ChannelResult>): ReportSheet {
  const ended = plan.channels.flatMap((channel) => results.get(channel) ?? []);
  return reportSheetSchema.parse({
    ...plan,
    ...tallyOf(plan.total, ended),
    quality: sheetQuality(ended),
    tiles: plan.channels.map((channel, i) => {
      const result = results.get(channel);
      const tile = result === undefined ? { channel, state: "waiting" } : tileRecord(result);
      return { ...tile, label: plan.labels[i] ?? null };
    }),
  });
}
