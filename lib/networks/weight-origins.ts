import type { Graph, Value } from "../onnx/model.ts";
import { producersByValue } from "../onnx/readers.ts";

/** The constant that a weight is made of by reshaping and the like. */
export function weightOrigins(graph: Graph): (value: Value) => Value | null {
  const producers = producersByValue(graph.nodes);
  /** A long chain is walked once, however many read of it. */
  const known = new Map<Value, Value | null>();
  const ownOrigin = (value: Value): Value | null => (graph.initializers.has(value) ? value : null);
  return (value) => {
    const passed: Value[] = [];
    let origin: Value | null = null;
    for (let at = value; ;) {
      const found = known.get(at);
      const node = producers.get(at);
      const isSource = node?.op === "ConstantOfShape";
      if (found !== undefined || !node || isSource) {
        origin = found ?? (isSource ? at : ownOrigin(at));
        break;
      }
      passed.push(at);
      at = node.inputs[0] ?? "";
    }
    for (const each of passed) known.set(each, origin);
    return origin;
  };
}
