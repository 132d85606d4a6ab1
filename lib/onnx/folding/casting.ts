import { toNumbers } from "../tensor.ts";
import { fromNumbers, type Kernel, operand } from "./kernel.ts";

/** Towards zero from float to integer, wrapping from int64 to int32, non-zero to true. */
const cast: Kernel = (call) => {
  const tensor = operand(call, 0);
  const { type } = call.outputs[0]!;
  return [type === tensor.type ? tensor : fromNumbers(type, tensor.shape, toNumbers(tensor))];
};

export const castKernels: Readonly<Record<string, Kernel>> = { Cast: cast, CastLike: cast };
