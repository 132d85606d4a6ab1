import type { GpuProvider } from "../../autodiff/provider.ts";
import { FOURIER_STATE } from "../graph/fourier-graph.ts";
import { relativeDistance } from "./check-provider.ts";
import type { Feeds } from "./session.ts";

/**
 * Largest accepted distance of what one iteration changes, as a share of it. A wrong kernel is off by
 * about 1.
 */
export const TOLERANCES: Readonly<Record<GpuProvider, number>> = {
  // float32 rounding that moves one pool's maximum to its neighbour is 0.01 of a deep layer's gradient
  webgpu: 0.1,
  // convolutions on tensor cores take factors of TF32's 11 significant bits, and more ReLUs and pools
  // decide otherwise: with factors rounded like that, what a step of GoogLeNet changes is up to 0.22
  // away, and 0.4 with 10 bits
  cuda: 0.5,
};

const [COEFFICIENTS, FIRST_MOMENT] = FOURIER_STATE.map((name) => `${name}_out`);

/**
 * What of an ascent graph's outputs is not the CPU's after one iteration; `null`: all is.
 *
 * @param given of as many images, or of more: the first are compared
 * @param wanted the CPU's
 * @param feeds what the CPU was run with
 * @param tolerance see `TOLERANCES`
 */
export function difference(
  given: Feeds,
  wanted: Feeds,
  feeds: Feeds,
  tolerance: number,
): string | null {
  for (const [name, { data }] of Object.entries(wanted)) {
    // what the loop carries has hardly changed: its change is what counts
    const before = name.endsWith("_out") ? feeds[name.slice(0, -"_out".length)]?.data : undefined;
    // Adam's first step is as long where the gradient is next to nothing, and then its sign is chance
    const weights = name === COEFFICIENTS ? (wanted[FIRST_MOMENT!]?.data ?? null) : null;
    const changeOf = (values: Feeds[string]["data"] | undefined) =>
      Float64Array.from({ length: data.length }, (_, i) => {
        const value = Number(values?.[i] ?? NaN);
        const change = before === undefined ? value : value - Number(before[i]);
        return weights === null ? change : change * Number(weights[i]);
      });
    const [change, wantedChange] = [changeOf(given[name]?.data), changeOf(data)];
    const distance = relativeDistance(change, wantedChange);
    // an image without a gradient does not change at all
    const isStill = [change, wantedChange].every((values) => values.every((value) => value === 0));
    if (distance <= tolerance || isStill) continue;
    return `${name} is ${distance.toPrecision(3)} of its norm away from the CPU's, wanted at most ${tolerance}`;
  }
  return null;
}
