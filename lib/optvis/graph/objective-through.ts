import type { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Value } from "../../onnx/model.ts";
import { floatTensor } from "../../onnx/tensor.ts";
import { emitActivationAndGradient, type ObjectiveOptions } from "./differentiable-graph.ts";
import type { LayerPass } from "./layer-pass.ts";
import type { Differentiate } from "./parts.ts";

/** What is raised, whatever the method. */
export interface ObjectiveSpecification extends ObjectiveOptions {
  /** The network's pass at the size it sees: the whole image, or one crop. */
  readonly pass: LayerPass;
  /** Network input = image * scale, per plane; the image is in units of 0..255, centred. */
  readonly scale: readonly number[];
}

/** The objective of an image in pixels through the network: scaled on the way in and back. */
export function objectiveThrough(specification: ObjectiveSpecification): Differentiate {
  const { pass, scale } = specification;
  return (graph, { image, selection }) => {
    const input = { image: emitColourScale(graph, image, scale), selection };
    const { activation, gradient } = emitActivationAndGradient(graph, input, pass, specification);
    return { activation, gradient: emitColourScale(graph, gradient, scale) };
  };
}

/**
 * `value` times one factor per colour; the network reads (pixel - mean) * scale.
 *
 * @param scale per plane, in the network's channel order
 */
function emitColourScale(graph: GraphBuilder, value: Value, scale: readonly number[]): Value {
  if (scale.every((factor) => factor === 1)) return value;
  return graph.emit("Mul", [value, graph.constant(floatTensor([1, scale.length, 1, 1], scale))]);
}
