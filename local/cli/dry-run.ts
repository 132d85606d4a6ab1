import { availableParallelism } from "node:os";

import { estimateOf, secondsOnCores, toTwoDigits } from "../../lib/pipeline/job/estimate.ts";
import { iterationsPerImage } from "../../lib/pipeline/job/job-pace.ts";
import { formatRanges } from "../../lib/pipeline/request/channel-ranges.ts";
import type { ResolvedRequest } from "../../lib/pipeline/request/resolved-request.ts";
import {
  type CheckedRequest,
  checkRun,
  gateOf,
  type NamedRequest,
  type RenderFlags,
} from "./check-run.ts";
import { several } from "../several.ts";
import { type Terminal, terminalOf } from "./terminal.ts";
import { describeSeconds } from "./time-left.ts";

/**
 * Says what `renderRequests` would draw and what that takes, as if nothing of it had been drawn
 * yet; nothing is drawn or written.
 *
 * @param given where it is said
 * @throws UsageError for what would be refused; NetworkError
 */
export async function dryRun(
  requests: readonly NamedRequest[],
  flags: RenderFlags,
  given: Terminal,
): Promise<void> {
  const terminal = terminalOf(flags, given);
  const { checked } = await checkRun(requests, flags, terminal, { gate: gateOf(flags, terminal) });
  const cores = flags.threads ?? availableParallelism();
  for (const each of checked) {
    given.print(flags.json ? JSON.stringify(asEvent(each, cores)) : inWords(each, cores));
  }
  if (flags.json || checked.length === 1) return;
  const all = checked.map(({ resolved }) => resolved);
  const images = all.reduce((sum, { channels }) => sum + channels.length, 0);
  given.print(
    `${several(checked.length, "sheet")}, ${several(images, "image")}; ${timeInWords(all, cores)}`,
  );
}

function asEvent({ dream, resolved }: CheckedRequest, cores: number): object {
  const { network, layer, otherLayers, channels, labels, tileSize } = resolved;
  const total = channels.length;
  return {
    kind: "planned",
    request: dream.name,
    network: network.id,
    layer: { index: layer.index, name: layer.name },
    ...(otherLayers && { otherLayers: otherLayers.map(({ index, name }) => ({ index, name })) }),
    total,
    channels,
    labels,
    size: tileSize,
    iterations: iterationsPerImage(resolved),
    estimate: estimateOf({ seconds: resolved.seconds, total }),
    seconds: toTwoDigits(timeOf([resolved], cores)),
    sheet: dream.paths.sheet,
  };
}

function inWords({ dream, resolved }: CheckedRequest, cores: number): string {
  const { network, layer, otherLayers = [], channels, request, tileSize } = resolved;
  const images = several(channels.length, "image");
  const what = request.targets ? "target" : "channel";
  const which = `${what}${channels.length === 1 ? "" : "s"} ${formatRanges(channels)}`;
  const names = [layer, ...otherLayers].map(({ name }) => `'${name}'`);
  const layers = `layer${names.length === 1 ? "" : "s"} ${names.join(", ")}`;
  const size = `${tileSize.width}x${tileSize.height} pixels`;
  const iterations = `${several(iterationsPerImage(resolved), "iteration")} each`;
  return `${dream.paths.sheet}  (${images}: ${which} of ${layers} of ${network.id}, ${size}, ${iterations}; ${timeInWords([resolved], cores)})`;
}

function timeInWords(all: readonly ResolvedRequest[], cores: number): string {
  const one = `about ${describeSeconds(timeOf(all, 1))} of one core`;
  return cores === 1 ? one : `${one}, ${describeSeconds(timeOf(all, cores))} on ${cores}`;
}

/** Seconds of the clock: an image is one core's from beginning to end. */
function timeOf(all: readonly ResolvedRequest[], cores: number): number {
  const timed = all.flatMap(({ seconds, channels }) =>
    seconds === null ? [] : [{ seconds, images: channels.length }],
  );
  const each = timed.map(({ seconds, images }) => secondsOnCores(images, seconds, cores));
  const together = each.reduce((sum, of) => sum + of, 0);
  return Math.max(together, ...timed.map(({ seconds }) => secondsOnCores(1, seconds)));
}
