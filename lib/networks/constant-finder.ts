import { FoldingBudget } from "../onnx/budgets.ts";
import { constantFacts, type ValueFacts } from "../onnx/facts.ts";
import { subgraphsOf } from "../onnx/graph-order.ts";
import type { Graph, Value } from "../onnx/model.ts";
import type { Inputs } from "../onnx/operators/inputs.ts";
import { producersByValue } from "../onnx/readers.ts";
import { inferIfPossible } from "../onnx/shape-inference.ts";
import type { Tensor } from "../onnx/tensor.ts";

/** What a value is, if it follows from constants; else `null`. */
export type ConstantOf = (value: Value) => Tensor | null;

/**
 * Steps from constants that files hold to one that arithmetic reads: casts, reshapes and the like.
 */
const MOST_STEPS = 6;
/** Such a step reads a tensor, and a shape or bounds beside it. */
const MOST_INPUTS = 6;

/** Looks constants up, and works out those that a few small steps make of others. */
export function constantFinder(graph: Graph): ConstantOf {
  const producers = producersByValue(graph.nodes);
  const budget = new FoldingBudget();
  const known = new Map<Value, Tensor | null>();
  const find = (value: Value, steps: number): Tensor | null => {
    const found = graph.initializers.get(value) ?? known.get(value);
    if (found !== undefined || steps === 0) return found ?? null;
    const made = make(value, steps - 1);
    known.set(value, made);
    return made;
  };
  const make = (value: Value, steps: number): Tensor | null => {
    const producer = producers.get(value);
    if (!producer || subgraphsOf(producer).length > 0) return null;
    if (producer.inputs.length > MOST_INPUTS) return null;
    const inputs = constantInputs(producer.inputs, (input) => find(input, steps));
    if (inputs === null) return null;
    const place = producer.outputs.indexOf(value);
    return inferIfPossible(producer, inputs, budget)[place]?.constant ?? null;
  };
  return (value) => find(value, MOST_STEPS);
}

/** What is known of inputs that are constants or left out; `null` if one is neither. */
export function constantInputs(values: readonly Value[], constantOf: ConstantOf): Inputs | null {
  const inputs: (ValueFacts | null)[] = [];
  for (const value of values) {
    const tensor = value ? constantOf(value) : null;
    if (value && !tensor) return null;
    inputs.push(tensor && constantFacts(tensor));
  }
  return inputs;
}
