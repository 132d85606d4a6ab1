import type { FloatTensor } from "../../onnx/tensor.ts";
import type { Feeds } from "../runtime/session.ts";

/** An output of the graph that must be there. */
export function floatOutput(outputs: Feeds, name: string): FloatTensor {
  const output = outputs[name];
  if (output?.type !== "float32") throw new Error(`internal: the graph has no output '${name}'`);
  return output;
}
