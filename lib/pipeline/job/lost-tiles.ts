import { mapConcurrently } from "../concurrency.ts";
import type { Job } from "./job.ts";
import { type ChannelResult, resultOf } from "./result.ts";

/**
 * The results whose tiles are gone or damaged, each as the result of a channel that failed of it.
 *
 * @param look "presence" reads no tile, and finds those alone that are gone
 */
export async function findLostTiles(
  job: Job,
  results: Iterable<ChannelResult>,
  look: "presence" | "bytes",
): Promise<readonly ChannelResult[]> {
  const looks = await mapConcurrently([...results], async (result) => {
    if (result.state !== "ok") return [];
    const problem = await job.images.tileProblem(result.tile, look);
    if (problem === null) return [];
    const { channel, attempts, finishedAt } = result;
    const reason = `the image was drawn, but '${result.tile.key}' ${problem}`;
    const ending = { state: "failed", source: "storage", reason } as const;
    return [resultOf(job.id, channel, ending, { attempts, now: new Date(finishedAt) })];
  });
  return looks.flat();
}
