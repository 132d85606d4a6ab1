import type { GraphBuilder } from "../../onnx/graph-builder.ts";
import type { Value } from "../../onnx/model.ts";

/**
 * Parts of an ascent, as Lucid names them; its fourth, the optimiser, is each method's own. Each
 * emits nodes; `deepdream-graph.ts` and `fourier-graph.ts` put them together. N is the batch, C the
 * layer's channels.
 */

/** parameters => image: what the ascent changes, and the image it stands for. */
export type Parameterisation = (graph: GraphBuilder, parameters: Value) => ParameterisedImage;

export interface ParameterisedImage {
  /** [N, planes, H, W], in units of 0..255 less the network's mean. */
  readonly image: Value;
  /** Emits dObjective/dParameters from dObjective/dImage. */
  readonly pullback: (cotangent: Value) => Value;
}

/** image => what the network sees of it in one iteration, once or several times. */
export interface Transform {
  /** Inputs of the ascent graph that it reads: its random numbers, one row for each iteration. */
  readonly inputs: readonly Value[];
  /**
   * Emits activation and gradient of an image.
   *
   * @param iteration int64 scalar: which row of the inputs
   * @param differentiate emits activation and gradient of what the network sees
   */
  readonly emit: (
    graph: GraphBuilder,
    values: ImageAndSelection & { readonly iteration: Value },
    differentiate: Differentiate,
  ) => ActivationAndGradient;
}

export interface ImageAndSelection {
  /** [N, planes, H, W] */
  readonly image: Value;
  /** What each image raises: weights of channels, or of single elements; see objective/names.ts. */
  readonly selection: Value;
}

export interface ActivationAndGradient {
  /** [N] */
  readonly activation: Value;
  /** dObjective/dImage, [N, planes, H, W]. */
  readonly gradient: Value;
}

/** The objective's value and gradient on one image. */
export type Differentiate = (
  graph: GraphBuilder,
  values: ImageAndSelection,
) => ActivationAndGradient;

/** map => a number to raise, given by its gradient dObjective/dMap, [N, P]. */
export type ObjectiveGradient = (graph: GraphBuilder, map: ChannelMap) => Value;

/** The map of each image's own channel or sum of channels, P pixels in one row. */
export interface ChannelMap {
  /** [N, P] */
  readonly map: Value;
  /** [N, 1] */
  readonly mean: Value;
}

/**
 * The layer's output and the weights that an image has for it => a number to raise, and its
 * gradient.
 *
 * @param y [N, C, ...]
 * @param selection of the objective's `selectionShape`
 */
export type ElementObjective = (graph: GraphBuilder, y: Value, selection: Value) => ObjectiveValues;

export interface ObjectiveValues {
  /** [N]: what the traces show of each image; on a map its mean, whatever is raised of it. */
  readonly activation: Value;
  /** dObjective/dY, the layer's shape: where the backward pass starts. */
  readonly cotangent: Value;
}
