import type { Provider } from "../../autodiff/provider.ts";
import { DerivedTensors } from "../../onnx/derived-tensors.ts";
import type { Graph, Model } from "../../onnx/model.ts";
import { ascentGraph, type AscentSpecification } from "./ascent-graph.ts";
import { type AttributedLayer, attributionGraph } from "./attribution-graph.ts";
import { type ChannelMeans, channelMeansGraph } from "./channel-means-graph.ts";
import { differentiableGraph } from "./differentiable-graph.ts";
import type { ForwardOptions } from "./forward-pass.ts";
import { fourierImageGraph } from "./fourier-graph.ts";
import { layerGraph } from "./layer-graph.ts";
import { type ImageShape, type LayerPass, layerPass, type TargetLayer } from "./layer-pass.ts";
import { maximaGraph } from "./maxima-graph.ts";
import { reachGraph } from "./reach-graph.ts";
import type { EllipseImage } from "./parameterisation/ellipse-parameters.ts";
import { ellipsesGraph } from "./parameterisation/ellipses.ts";
import type { ParameterImage } from "./parameterisation/parameter-image.ts";

/** What `layerPass` takes. */
export interface PassRecipe {
  readonly model: Model;
  readonly layer: TargetLayer;
  readonly imageShape: ImageShape;
}

/**
 * All that a graph is made of, as plain data: it goes to the thread that is to run the graph, and
 * the graph is built there. A network's weights are in shared memory, so they are not copied.
 */
export type GraphRecipe =
  | {
      readonly kind: "ascent";
      readonly pass: PassRecipe;
      readonly specification: WithoutPass<AscentSpecification>;
    }
  | ({ readonly kind: "channel means"; readonly pass: PassRecipe } & ChannelMeans)
  | ({ readonly kind: "maxima"; readonly pass: PassRecipe } & ForwardOptions)
  | { readonly kind: "layer"; readonly pass: PassRecipe }
  | { readonly kind: "attribution"; readonly pass: PassRecipe; readonly to: AttributedLayer }
  | { readonly kind: "slope"; readonly pass: PassRecipe }
  | {
      readonly kind: "reach";
      readonly pass: PassRecipe;
      readonly layers: readonly AttributedLayer[];
    }
  | {
      readonly kind: "fourier image";
      readonly canvas: ParameterImage;
      readonly batch: number;
      readonly provider: Provider;
    }
  | { readonly kind: "ellipses"; readonly canvas: EllipseImage }
  /** A graph as it is. */
  | { readonly kind: "graph"; readonly graph: Graph };

/** Of each method's specification. */
export type WithoutPass<T> = T extends unknown ? Omit<T, "pass"> : never;

/**
 * @throws ShapeMismatchError if the network does not take images of that size; ModelError;
 *   UnsupportedGradientError
 */
export function graphOf(recipe: GraphRecipe): Graph {
  switch (recipe.kind) {
    case "ascent":
      return ascentGraph({ ...recipe.specification, pass: passOf(recipe.pass) });
    case "channel means":
      return channelMeansGraph(passOf(recipe.pass), recipe);
    case "maxima":
      return maximaGraph(passOf(recipe.pass), recipe);
    case "layer":
      return layerGraph(passOf(recipe.pass));
    case "attribution":
      return attributionGraph(passOf(recipe.pass), recipe.to);
    case "slope":
      return differentiableGraph(passOf(recipe.pass), { objective: "mean", provider: "cpu" });
    case "reach":
      return reachGraph(passOf(recipe.pass), recipe.layers);
    case "fourier image":
      return fourierImageGraph(recipe.canvas, recipe.batch, recipe.provider);
    case "ellipses":
      return ellipsesGraph(recipe.canvas);
    case "graph":
      return recipe.graph;
    default:
      return recipe satisfies never;
  }
}

function passOf({ model, layer, imageShape }: PassRecipe): LayerPass {
  // nothing but data goes from thread to thread
  return layerPass({ ...model, derived: new DerivedTensors() }, layer, imageShape);
}
