import type { Graph, Value } from "./model.ts";
import { operatorsNamed } from "./node.ts";
import { arithmetics } from "./operators/arithmetic.ts";

/**
 * Values that an activation function takes, at once or once they have been scaled, shifted,
 * standardised, pooled or joined with others channel by channel.
 */
export function activatedValues({ nodes }: Graph): ReadonlySet<Value> {
  const activated = new Set<Value>();
  for (const { op, domain, inputs, outputs } of nodes.toReversed()) {
    if (domain !== "") continue;
    const isOnTheWay = outputs.some((value) => activated.has(value));
    if (ACTIVATIONS.has(op)) activated.add(inputs[0]!);
    else if (isOnTheWay && OF_ALL_INPUTS.has(op)) inputs.forEach((value) => activated.add(value));
    else if (isOnTheWay && OF_THE_FIRST.has(op)) activated.add(inputs[0]!);
  }
  return activated;
}

/** Curves that bend each element by itself; others, such as Gelu, are written out in these. */
export const ACTIVATIONS = operatorsNamed(`
  Celu Clip Elu Erf HardSigmoid HardSwish LeakyRelu Mish PRelu Relu Selu Sigmoid Softplus Softsign
  Tanh ThresholdedRelu
`);

const OF_ALL_INPUTS: ReadonlySet<string> = new Set([...Object.keys(arithmetics), "Concat"]);

/** What their other inputs hold is scales, sizes or axes. */
const OF_THE_FIRST = operatorsNamed(`
  AveragePool BatchNormalization Cast Dropout Flatten Identity InstanceNormalization LRN MaxPool
  Pad Reshape Slice Split Squeeze Transpose Unsqueeze
`);
