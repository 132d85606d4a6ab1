import type { Provider } from "../../lib/autodiff/provider.ts";
import { floatTensor } from "../../lib/onnx/tensor.ts";
import { imageShapeOf } from "../../lib/optvis/graph/layer-pass.ts";
import type { GraphRecipe } from "../../lib/optvis/graph/graph-recipe.ts";
import { uniformFrom } from "../../lib/optvis/random.ts";
import { withModelFile } from "../../lib/optvis/runtime/model-file.ts";
import { type Feeds, Session } from "../../lib/optvis/runtime/session.ts";
import type { AnalysedNetwork } from "../../lib/pipeline/networks/analyse-network.ts";
import { requestedLayer } from "../../lib/pipeline/request/requested-layer.ts";
import { noise, oneHot } from "../feeds.ts";
import { type Job, jobOf } from "../jobs.ts";

/** An ascent step that is timed: a layer, and images at once. */
export interface Shape {
  readonly layer: Job["layer"];
  /** The layer's output, as the reference names it. */
  readonly tensor: string;
  readonly batch: number;
}

/** The layers of jobs 1, 3 and 4, in batches as the example has them and as full as they get. */
export const SHAPES: readonly Shape[] = [
  shapeOf("1", 36),
  shapeOf("3", 6),
  shapeOf("3", 32),
  shapeOf("4", 6),
];

function shapeOf(job: string, batch: number): Shape {
  const { layer, tensor } = jobOf(job);
  return { layer, tensor, batch };
}

/** The graph of an ascent step at one shape, in the forms of CUDA, and what goes into it. */
export function stepGraph(
  network: AnalysedNetwork,
  { layer: index, batch }: Shape,
  iterations: number,
) {
  const layer = requestedLayer({ layer: index }, network);
  const { model, inputSize, scale } = network.model;
  const imageShape = imageShapeOf(model, batch, inputSize);
  const recipe: GraphRecipe = {
    kind: "ascent",
    pass: { model, layer, imageShape },
    specification: {
      method: "deepdream",
      objective: "rectified",
      provider: "cuda",
      scale,
      crops: null,
    },
  };
  const feeds: Feeds = {
    image: noise(imageShape, uniformFrom("time")),
    selection: oneHot(batch, layer.channels, 0),
    iterations: { type: "int64", shape: [], data: BigInt64Array.of(BigInt(iterations)) },
    step: floatTensor([], [1]),
  };
  return { recipe, feeds, title: `${layer.name} x${batch}` };
}

/** A session as the product makes them. */
export function openSession(recipe: GraphRecipe, provider: Provider): Promise<Session> {
  return withModelFile(recipe, ({ path }) => Session.create(path, provider));
}
