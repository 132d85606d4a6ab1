import type { ValueFacts } from "../facts.ts";
import { ModelError } from "../errors.ts";
import type { Node } from "../model.ts";
import { describeNode } from "../node.ts";
import type { Inputs } from "../operators/inputs.ts";
import { sizeOf } from "../tensor.ts";
import { arithmeticKernels } from "./arithmetic.ts";
import { castKernels } from "./casting.ts";
import { type Kernel, type KernelCall, type NumericTensor, requireNumeric } from "./kernel.ts";
import { movingKernels } from "./moving.ts";
import { reductionKernels } from "./reduction.ts";
import { reshapingKernels } from "./reshaping.ts";

/**
 * A constant that grows past this many elements stays a node: a file of a few bytes may describe a
 * tensor that does not fit in memory.
 */
const GROW_UP_TO = 1024 * 1024;

/** Results of more elements than this are kept for the next time; shape arithmetic is not worth it. */
const REMEMBER_FROM = 4096;

const kernels: ReadonlyMap<string, Kernel> = new Map(
  [arithmeticKernels, castKernels, movingKernels, reductionKernels, reshapingKernels].flatMap(
    (table) => Object.entries(table),
  ),
);

/**
 * `outputs` with their values, if all inputs are constants and we can compute the operator; unchanged
 * otherwise. Weights that are only reshaped keep their buffer.
 */
export function foldConstants(
  node: Node,
  inputs: Inputs,
  outputs: readonly ValueFacts[],
): readonly ValueFacts[] {
  const kernel = kernels.get(node.op);
  if (!kernel || outputs.every(({ constant }) => constant)) return outputs;
  const constants: (NumericTensor | null)[] = [];
  for (const facts of inputs) {
    if (facts && (!facts.constant || facts.constant.type === "opaque")) return outputs;
    constants.push(facts?.constant ? requireNumeric(node, facts.constant) : null);
  }
  if (outputs.some(({ type }) => type === "opaque")) return outputs;
  const given = constants.reduce((sum, tensor) => sum + sizeOf(tensor?.shape ?? [0]), 0);
  const made = outputs.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  if (made > Math.max(given, GROW_UP_TO)) return outputs;

  const call = { node, inputs: constants, outputs };
  const values = made > REMEMBER_FROM ? remembered(kernel, call) : compute(kernel, call);
  return outputs.map((facts, i) => {
    const constant = values[i];
    return constant ? { ...facts, constant } : facts;
  });
}

interface Computed {
  readonly inputs: KernelCall["inputs"];
  readonly values: readonly NumericTensor[];
}

const computed = new WeakMap<Node, Computed>();

/** A network is specialised many times; weights that its nodes transpose are transposed once. */
function remembered(kernel: Kernel, call: KernelCall): readonly NumericTensor[] {
  const { node, inputs } = call;
  const known = computed.get(node);
  if (known && known.inputs.every((tensor, i) => tensor === inputs[i])) return known.values;
  const values = compute(kernel, call);
  computed.set(node, { inputs, values });
  return values;
}

function compute(kernel: Kernel, call: KernelCall): readonly NumericTensor[] {
  try {
    return kernel(call);
  } catch (error) {
    // BigInt(NaN), BigInt(Infinity) and the like
    if (error instanceof RangeError) {
      throw new ModelError(`${describeNode(call.node)}: ${error.message}`, { cause: error });
    }
    throw error;
  }
}
