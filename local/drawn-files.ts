import type { Job } from "../lib/pipeline/job/job.ts";
import type { OkResult } from "../lib/pipeline/job/result.ts";

/** Keys of what there is of an image: itself, its raw values, its shapes, its animation. */
export function filesOf({ tile, raw, svg, animation }: OkResult): readonly string[] {
  return [tile, raw, svg, animation].flatMap((file) => (file ? [file.key] : []));
}

/** Keys of all that a job has drawn so far, in whichever of its rounds. */
export async function drawnFiles(job: Job): Promise<readonly string[]> {
  const { job: latest, names } = await job.look();
  const results = await latest.results(await latest.ended(names));
  return [...results.values()].flatMap((result) => (result.state === "ok" ? filesOf(result) : []));
}
