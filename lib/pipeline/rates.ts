/**
 * What a CPU worker does in a second, and what that costs: the one table that estimates, limits,
 * the stack and its documents go by. Measured with the packed worker (npm run bench:worker). The
 * cloud stack imports this file, so it imports nothing.
 */

/** Lambda gives one vCPU for each so many megabytes of memory. */
export const MB_PER_VCPU = 1_769;

/** Lambda's list price in us-east-1, x86. */
export const DOLLARS_PER_GB_SECOND = 0.0000166667;

/** What a vCPU costs that is used to the full. */
export const DOLLARS_PER_CORE_SECOND = (DOLLARS_PER_GB_SECOND * MB_PER_VCPU) / 1_024;

/**
 * Floating-point operations a second, as `passFlops` counts them, of one thread where two threads
 * share an AMD EPYC's core, as Lambda's vCPUs do: by the CPU seconds of whole images of GoogLeNet
 * 60e9 (inception 3a, a slow day) to 81e9 (5b, a quick one). A thread alone does 80e9 to 110e9.
 */
export const FLOPS_PER_SECOND = 72e9;

/** What an iteration takes for each pixel of the image besides the pass: norms, the update. */
export const PIXEL_SECONDS = 5e-8;

/**
 * What a crop of a large image takes besides its pass: for itself, and for each pixel of the row of
 * crops that its gradient is added to. Crops of 28 to 64 pixels in images of 500 to 2,000 took 97
 * to 286 microseconds each, which this is within a third of.
 */
export const CROP_SECONDS = 6e-5;
export const CROP_ROW_PIXEL_SECONDS = 3.2e-9;

/**
 * What a thread takes before the first image of a layer: the graphs of GoogLeNet's and emojinet's
 * are made and compiled in 0.24 to 1.1 s.
 */
export const START_SECONDS = 0.5;

/** What an image takes of the pipeline: its messages, and what is written of it. */
export const IMAGE_SECONDS = 0.06;

/**
 * What a finished image takes for each of its pixels: to be scaled, looked at and written as PNG.
 * Of noise, as deepdream leaves much of, 224 px took 32 ms and 440 px 140 ms.
 */
export const FINISH_PIXEL_SECONDS = 7e-7;

/**
 * Seconds of the clock that a thread of a worker takes for a second of a core's work.
 *
 * @param memory MB
 */
export function slowdownOf(threads: number, memory: number): number {
  return Math.max(1, (threads * MB_PER_VCPU) / memory);
}
