import type { RenderRequestInput } from "../lib/pipeline/request/request.ts";
import { upTo } from "./jobs.ts";

/** A job of the table, on GoogLeNet. */
export interface WorkerJob {
  readonly title: string;
  readonly request: RenderRequestInput;
}

const network = "googlenet";

/** The example's four jobs, of which a batch of images is drawn, and presets. */
export const WORKER_JOBS: readonly WorkerJob[] = [
  {
    title: "job 1: `conv1-7x7_s2`, 10 iterations, one level",
    request: { network, layer: 2, channels: upTo(4), pyramidLevels: 1 },
  },
  {
    title: "job 2: `conv2-3x3_reduce`, 10 iterations, one level",
    request: { network, layer: 6, channels: upTo(4), pyramidLevels: 1 },
  },
  {
    title: "job 3: `inception_4e-1x1`, two levels of 20",
    request: { network, layer: 97, channels: upTo(4), pyramidLevels: 2, numIterations: 20 },
  },
  {
    title: "job 4: `loss3-classifier`, two levels of 100",
    request: { network, layer: 142, channels: [114, 293], pyramidLevels: 2, numIterations: 100 },
  },
  {
    title: "`loss3-classifier`, preset `natural`",
    request: {
      network,
      layer: 142,
      channels: [114, 293, 341, 484],
      method: "fourier",
      preset: "natural",
    },
  },
  {
    title: "`inception_3b-1x1`, preset `channels`",
    request: {
      network,
      layer: "inception_3b-1x1",
      channels: upTo(4),
      method: "fourier",
      preset: "channels",
    },
  },
  {
    title: "`inception_5b-1x1`, preset `channels`",
    request: {
      network,
      layer: "inception_5b-1x1",
      channels: upTo(4),
      method: "fourier",
      preset: "channels",
    },
  },
];

/** Of which the worker's memory and threads are chosen. */
export const CHOOSING_JOB = WORKER_JOBS[2]!;

/** Channels of a layer, as the atlas's figure counts them: with the defaults of a request. */
export function atlasRequest(layer: number, channels: readonly number[]): RenderRequestInput {
  return { network, layer, channels: [...channels] };
}
