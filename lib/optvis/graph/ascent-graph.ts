import type { Provider } from "../../autodiff/provider.ts";
import { GraphBuilder, OPEN_AXIS } from "../../onnx/graph-builder.ts";
import type { Graph, Value } from "../../onnx/model.ts";
import {
  emitActivationAndGradient,
  emitColourScale,
  type ActivationAndGradient,
  type LayerPass,
} from "./differentiable-graph.ts";
import { emitLaplacianNormalisation, emitRms } from "./gradient-scaling.ts";
import { emitLoop } from "./loop.ts";
import type { Objective } from "./objectives.ts";
import { emitTiledGradient } from "./cropped-gradient.ts";
import type { Blend, TilePlan } from "./crops.ts";

/** Everything that shapes an ascent graph; two equal specifications give the same graph. */
export interface AscentSpecification {
  /** The network's pass at the size it sees: the whole image, or one tile. */
  readonly pass: LayerPass;
  readonly objective: Objective;
  readonly provider: Provider;
  /** Network input = image * scale, per plane; the image is in units of 0..255, centred. */
  readonly scale: readonly number[];
  readonly tiling: AscentTiling | null;
}

export interface AscentTiling {
  readonly imageSize: { readonly height: number; readonly width: number };
  readonly plan: TilePlan;
  readonly blend: Blend;
}

/**
 * The ascent as one ONNX Loop: forward, backward, Laplacian normalisation, update.
 *
 *     x <- x + step * lapnorm(dObjective/dx), `iterations` times, no clipping
 *
 * Inputs: `image` [N, 3, H, W]; `selection` [N, C], one-hot rows; `iterations` (int64 scalar);
 * `step` (scalar); with tiles also `shifts` (int64 [iterations, 2], how far the tiles' grid is moved down and
 * right in each iteration, 0 <= shift < size).
 * Outputs: `image_out` [N, 3, H, W]; `activations` [iterations, N], before each update;
 * `gradient_rms` [iterations, N], zero for an image without any gradient.
 */
export function ascentGraph(specification: AscentSpecification): Graph {
  const { pass, tiling } = specification;
  const [n, colours] = pass.imageShape;
  const { height, width } = tiling?.imageSize ?? {
    height: pass.imageShape[2],
    width: pass.imageShape[3],
  };
  const imageShape = [n, colours, height, width];

  const graph = new GraphBuilder();
  const image = graph.input("image", "float32", imageShape);
  const selection = graph.input("selection", "float32", [n, pass.channels]);
  const iterations = graph.input("iterations", "int64", []);
  const step = graph.input("step", "float32", []);
  // its first axis is as long as the trip count, so only the row that is read has a static shape
  const shifts = tiling ? graph.input("shifts", "int64", [OPEN_AXIS, 2]) : null;

  const { finals, scans } = emitLoop(graph, {
    prefix: "ascent_",
    iterations,
    carried: [image],
    outer: [selection, step, ...(shifts === null ? [] : [shifts])],
    body: (body, iteration, [x = ""]) => {
      const { activation, gradient } = emitGradient(body, { image: x, selection }, specification, {
        shifts,
        iteration,
      });
      const rows = body.emit("Reshape", [gradient, body.ints([n, -1])]);
      const rms = body.emit("Reshape", [emitRms(body, rows), body.ints([n])]);
      const direction = emitLaplacianNormalisation(body, gradient, specification.provider);
      const update = body.emit("Mul", [direction, step]);
      return { carried: [body.emit("Add", [x, update])], scanned: [activation, rms] };
    },
  });
  return graph.build(`ascent ${pass.layerName}`, [
    ["image_out", finals[0]!],
    ["activations", scans[0]!],
    ["gradient_rms", scans[1]!],
  ]);
}

function emitGradient(
  graph: GraphBuilder,
  values: { readonly image: Value; readonly selection: Value },
  { pass, tiling, scale, objective, provider }: AscentSpecification,
  moving: { readonly shifts: Value | null; readonly iteration: Value },
): ActivationAndGradient {
  const differentiate = (on: GraphBuilder, image: Value, selection: Value) => {
    const scaled = { image: emitColourScale(on, image, scale), selection };
    const { activation, gradient } = emitActivationAndGradient(on, scaled, pass, {
      objective,
      provider,
    });
    return { activation, gradient: emitColourScale(on, gradient, scale) };
  };
  if (!tiling || moving.shifts === null) {
    return differentiate(graph, values.image, values.selection);
  }
  const shift = { shifts: moving.shifts, iteration: moving.iteration };
  return emitTiledGradient(graph, values, { ...tiling, ...shift, differentiate });
}
