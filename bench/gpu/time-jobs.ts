import type { AnalysedNetwork } from "../../lib/pipeline/networks/analyse-network.ts";
import type { Renderer } from "../../lib/pipeline/render/renderer.ts";
import { type Job, requestOf } from "../jobs.ts";
import { median } from "../statistics.ts";
import type { Comparison } from "./comparison.ts";
import { type MeasureOptions, TIMED_JOBS, TINY } from "./options.ts";
import { pytorchJob } from "./pytorch.ts";
import { secondsOfImages } from "../renderings.ts";
import { report } from "./report.ts";

const REPEATS = 3;

/**
 * Seconds of whole jobs, warm, and PyTorch's eager ones of the same right after.
 *
 * @throws Error if an image fails
 */
export async function timeJobs(
  renderer: Renderer,
  network: AnalysedNetwork,
  options: MeasureOptions,
): Promise<readonly Comparison[]> {
  const { provider, isTiny } = options;
  const repeats = isTiny ? TINY.repeats : REPEATS;
  const rows: Comparison[] = [];
  for (const job of TIMED_JOBS.map((each) => (isTiny ? tinyOf(each) : each))) {
    const title = `job ${job.id}`;
    const { channels } = job;
    const task = { network, request: requestOf(job), channels, initialImage: null, provider };
    // the first run compiles the graphs
    const first = await secondsOfImages(renderer, [task]);
    const seconds: number[] = [];
    for (let i = 0; i < repeats; i++) seconds.push(await secondsOfImages(renderer, [task]));
    const ours = median(seconds);
    report("job", title, { s: ours.toFixed(2), firstS: first.toFixed(2) });
    const pytorch = await pytorchJob(job, repeats, network, options);
    report("pytorch", title, pytorch);
    rows.push({ title, unit: "s", ours, ...pytorch });
  }
  return rows;
}

function tinyOf(job: Job): Job {
  return { ...job, channels: job.channels.slice(0, TINY.images), iterations: TINY.iterations };
}
