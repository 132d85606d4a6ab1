import { fillValue } from "../operators/source.ts";
import { sizeOf, toNumbers } from "../tensor.ts";
import { fromElements, fromNumbers, type Kernel, operand, requireNumeric, view } from "./kernel.ts";

/** Same elements, other shape: a view on the same buffer. */
const reshape: Kernel = (call) => [view(operand(call, 0), call.outputs[0]!.shape)];

/** Dropout's first output at inference; its mask is not folded. */
const identity: Kernel = (call) => [operand(call, 0)];

const constantOfShape: Kernel = ({ node, outputs }) => {
  const value = requireNumeric(node, fillValue(node));
  const filled = fromElements([value], outputs[0]!.shape, ([from], to) => {
    for (let i = 0; i < to.length; i++) to[i] = from![0]!;
  });
  return [filled];
};

const range: Kernel = (call) => {
  const [start, , delta] = [0, 1, 2].map((index) => toNumbers(operand(call, index))[0]!);
  const count = sizeOf(call.outputs[0]!.shape);
  const values = Array.from({ length: count }, (_, i) => start! + i * delta!);
  return [fromNumbers(operand(call, 0).type, [count], values)];
};

export const reshapingKernels: Readonly<Record<string, Kernel>> = {
  Reshape: reshape,
  Flatten: reshape,
  Squeeze: reshape,
  Unsqueeze: reshape,
  Identity: identity,
  Dropout: identity,
  ConstantOfShape: constantOfShape,
  Range: range,
};
