import { basename, join } from "node:path";

import type { ChannelResult } from "../../lib/pipeline/job/result.ts";
import { tileKey } from "../../lib/pipeline/keys.ts";
import type { JobOutcome, RunEvent } from "../run-events.ts";
import { resultPaths } from "./result-paths.ts";

/**
 * An event of a run as `dream --json` writes it: the names of requests in place of their numbers,
 * and files where `--out` has them.
 */
export function describeEvent(event: RunEvent, name: string, folder: string): object {
  return { kind: event.kind, request: name, ...particulars(event, name, folder) };
}

function particulars(event: RunEvent, name: string, folder: string): object {
  if (event.kind === "notice") return { notice: event.notice };
  if (event.kind === "step") return event.progress;
  if (event.kind === "ended") return describeOutcome(event.outcome, name, folder);
  if (event.kind === "channel") {
    const { result, done, total } = event;
    return { done, total, ...describeResult(result, resultPaths(folder, name).tiles) };
  }
  const { jobId, total, channels } = event.plan;
  return { jobId, total, channels };
}

function describeResult(result: ChannelResult, tiles: string): object {
  const { jobId, channel, state } = result;
  if (state === "cancelled") return { channel, state };
  if (state === "failed") return { channel, state, reason: result.reason };
  const { activation, seconds, quality } = result;
  const tile = join(tiles, basename(tileKey(jobId, channel)));
  return { channel, state, tile, activation, seconds, quality };
}

function describeOutcome(outcome: JobOutcome, name: string, folder: string): object {
  if (outcome.kind === "rejected") return { kind: "rejected", problems: outcome.problems };
  const { sheet, manifest, tiles } = resultPaths(folder, name);
  const { jobId, state, total, ok, failed, cancelled } = outcome.completion;
  const counts = { jobId, state, total, ok, failed, cancelled };
  return { ...counts, sheet, manifest, tiles: ok > 0 ? tiles : null };
}
