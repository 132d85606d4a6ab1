import type { Int64Tensor } from "../../onnx/tensor.ts";
import { laterSeed, uniformFrom } from "../random.ts";
import type { Level } from "./plan-levels.ts";
import type { DeepDreamTask } from "./task.ts";

/** The crops' grid moves by up to half of their overlap either way, in shares of a crop. */
const SHIFT_SHARE = 1 / 16;

/** A stretch of a level's iterations. */
export interface ShiftedIterations {
  /** From 0. */
  readonly first: number;
  readonly count: number;
  /** How often the images began anew from another seed, all of them. */
  readonly restarts: number;
}

/**
 * How far the crops' grid moves in each iteration from `first` on, int64 [count, 2]; nothing where
 * there are no crops. The same for every channel of a seed, so that grouping does not matter.
 */
export function shiftsOf(
  { start, network, layer }: DeepDreamTask,
  { number, size, crops }: Level,
  { first, count, restarts }: ShiftedIterations,
): { readonly shifts?: Int64Tensor } {
  if (!crops) return {};
  const shifts = new BigInt64Array(2 * count);
  const rows = { shifts: { type: "int64", shape: [count, 2], data: shifts } } as const;
  // a given image is seen through a grid that stands still
  if (start.kind === "given") return rows;
  for (let k = 0; k < count; k++) {
    const key = [network.fingerprint, layer.value, number, first + k] as const;
    const uniform = uniformFrom("shift", laterSeed(start.seed, restarts), ...key);
    const along = (length: number, crop: number) => {
      const reach = Math.floor(crop * SHIFT_SHARE);
      const shift = Math.floor(uniform() * (2 * reach + 1)) - reach;
      return BigInt((shift + length) % length);
    };
    shifts[2 * k] = along(size.height, crops.height);
    shifts[2 * k + 1] = along(size.width, crops.width);
  }
  return rows;
}
