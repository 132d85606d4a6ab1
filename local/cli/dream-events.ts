import { basename, join } from "node:path";

import type { ChannelResult } from "../../lib/pipeline/job/result.ts";
import type { JobOutcome, RunEvent } from "../run-events.ts";
import type { ResultPaths } from "./result-paths.ts";

/**
 * An event of a run as `dream --json` writes it: the names of requests in place of their numbers,
 * and files where `--out` has them.
 */
export function describeEvent(event: RunEvent, paths: ResultPaths, name: string): object {
  return { kind: event.kind, request: name, ...particulars(event, paths) };
}

function particulars(event: RunEvent, paths: ResultPaths): object {
  if (event.kind === "notice") return { notice: event.notice };
  if (event.kind === "step") return event.progress;
  if (event.kind === "ended") return describeOutcome(event.outcome, paths);
  if (event.kind === "channel") {
    const { result, done, total } = event;
    return { done, total, ...describeResult(result, paths.tiles) };
  }
  const { jobId, total, channels } = event.plan;
  return { jobId, total, channels };
}

function describeResult(result: ChannelResult, tiles: string): object {
  const { channel, state } = result;
  if (state === "cancelled") return { channel, state };
  if (state === "failed") return { channel, state, reason: result.reason };
  const { activation, seconds, quality } = result;
  const tile = join(tiles, basename(result.tile.key));
  const { animation, svg } = result;
  const beside = {
    ...(svg && { svg: join(tiles, basename(svg.key)) }),
    ...(animation && { animation: join(tiles, basename(animation.key)) }),
  };
  return { channel, state, tile, ...beside, activation, seconds, quality };
}

function describeOutcome(outcome: JobOutcome, { sheet, manifest, tiles }: ResultPaths): object {
  if (outcome.kind === "rejected") return { kind: "rejected", problems: outcome.problems };
  const { jobId, state, total, ok, failed, cancelled } = outcome.completion;
  const counts = { jobId, state, total, ok, failed, cancelled };
  return { ...counts, sheet, manifest, tiles: ok > 0 ? tiles : null };
}
