import type { Provider } from "../../autodiff/provider.ts";
import type { GraphRecipe, PassRecipe, WithoutPass } from "../graph/graph-recipe.ts";
import type { ImageShape, NetworkModel, TargetLayer } from "../graph/layer-pass.ts";

/** A graph to be compiled once and run often. */
export interface SessionGraph {
  /** Equal for equal graphs, so that a session compiled for one is found again. */
  readonly key: string;
  readonly provider: Provider;
  /** Of a graph that runs once an image `false`: its memory is others'. @default true */
  readonly keepsMemory?: boolean;
  /** Of a graph whose outputs other threads are to have too: they lie in shared memory. */
  readonly sharesOutputs?: boolean;
  /** What it is built of, in the thread that compiles it. */
  readonly recipe: GraphRecipe;
}

/** A layer of a network. */
interface LayerOfNetwork {
  readonly network: Pick<NetworkModel, "model" | "fingerprint">;
  readonly layer: TargetLayer;
}

/** A graph from image to layer, known by all that it is made of. @param recipe all but the pass */
export function passGraph(
  { network, layer }: LayerOfNetwork,
  imageShape: ImageShape,
  provider: Provider,
  recipe: WithoutPass<Extract<GraphRecipe, { readonly pass: PassRecipe }>>,
): SessionGraph {
  const target = [network.fingerprint, provider, layer.value, layer.channelAxis];
  return {
    key: JSON.stringify([...target, imageShape, recipe]),
    provider,
    recipe: { ...recipe, pass: { model: network.model, layer, imageShape } },
  };
}
