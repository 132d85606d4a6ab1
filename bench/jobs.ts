import { completeRequestSchema } from "../lib/pipeline/request/complete-request.ts";

/** Jobs of the example on GoogLeNet, as they are timed. */
export interface Job {
  readonly id: string;
  readonly title: string;
  /** 1-based index in the layer table. */
  readonly layer: number;
  /** The layer's output tensor, as the reference names it. */
  readonly tensor: string;
  /** 1-based. */
  readonly channels: readonly number[];
  readonly iterations: number;
  readonly levels: number;
  /** Side of the crops of the last level, pixels; 0: the network sees the whole image. */
  readonly crop: number;
}

/** The channels from 1 on. */
export const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

export const JOBS: readonly Job[] = [
  {
    id: "1",
    title: "conv1-7x7_s2, 36 channels, 10 iterations",
    layer: 2,
    tensor: "conv1/7x7_s2_1",
    channels: upTo(36),
    iterations: 10,
    levels: 1,
    crop: 0,
  },
  {
    id: "2",
    title: "conv2-3x3_reduce, 36 channels, 10 iterations",
    layer: 6,
    tensor: "conv2/3x3_reduce_1",
    channels: upTo(36),
    iterations: 10,
    levels: 1,
    crop: 0,
  },
  {
    id: "3",
    title: "inception_4e-1x1, 6 channels, 2 levels of 20 iterations",
    layer: 97,
    tensor: "inception_4e/1x1_1",
    channels: upTo(6),
    iterations: 20,
    levels: 2,
    crop: 0,
  },
  {
    id: "4",
    title: "loss3-classifier, 6 classes, 2 levels of 20 iterations, crops of 224",
    layer: 142,
    tensor: "loss3/classifier_1",
    channels: [114, 293, 341, 484, 563, 950],
    iterations: 20,
    levels: 2,
    crop: 224,
  },
];

/** @throws Error if there is no such job */
export function jobOf(id: string): Job {
  const job = JOBS.find((each) => each.id === id);
  if (job) return job;
  throw new Error(
    `there is no job '${id}'; the jobs are ${JOBS.map((each) => each.id).join(", ")}`,
  );
}

/** The request that a job is. */
export function requestOf({ layer, channels, iterations, levels }: Job) {
  return completeRequestSchema.parse({
    network: "googlenet",
    layer,
    channels,
    numIterations: iterations,
    pyramidLevels: levels,
  });
}
