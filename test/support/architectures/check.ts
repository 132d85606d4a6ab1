import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { ModelProtoSchema } from "onnx-buf";

import { type Layer, layerTable } from "../../../lib/networks/layers.ts";
import { decodeModel } from "../../../lib/onnx/decode.ts";
import type { Model } from "../../../lib/onnx/model.ts";
import { type StaticGraph, specialise } from "../../../lib/onnx/static-graph.ts";
import { floatTensor, sizeOf } from "../../../lib/onnx/tensor.ts";
import { layerPass } from "../../../lib/optvis/graph/layer-pass.ts";
import { vjpGraph } from "../../../lib/optvis/graph/vjp-graph.ts";
import { foldWeights } from "../../../lib/optvis/runtime/fold-constants.ts";
import { layerProblems } from "../../../lib/pipeline/networks/layer-problems.ts";
import { moveOut } from "../external-model.ts";
import { Interpreter64 } from "../float64/interpreter.ts";
import { normal, uniformSource } from "../random.ts";
import { runGraph } from "../run-graph.ts";
import type { Architecture } from "./architecture.ts";
import { NetBuilder } from "./builder.ts";
import { EMPTY, writeAsOf } from "./write.ts";

/** A file and the file beside it, if there is one. */
export interface ArchitectureFile {
  readonly bytes: Uint8Array;
  readonly data: Uint8Array | null;
}

const DATA = "net.onnx.data";

/** The bytes of an architecture's file, weights by its name. */
export function fileOf(given: Architecture): ArchitectureFile {
  const { style, opset, image = [3, 24, 20], traits = [] } = given;
  const channelsLast = traits.includes("NHWC");
  const letters = new TextEncoder().encode(given.name);
  const seed = letters.reduce((sum, letter) => (31 * sum + letter) % 9973, 0);
  const net = new NetBuilder({ style, opset, image, channelsLast, seed });
  const outputs = given.build(net);
  const built = net.graph(...outputs);
  const graph = given.change ? given.change(built) : built;
  const initializers = new Map(graph.initializers).set(EMPTY, floatTensor([0], []));
  const bytes = writeAsOf({ ...graph, initializers }, opset, traits);
  return traits.includes("external data") ? apart(bytes) : { bytes, data: null };
}

/** Weights in a file of their own, as PyTorch writes them. */
function apart(bytes: Uint8Array): ArchitectureFile {
  const model = fromBinary(ModelProtoSchema, bytes);
  let offset = 0;
  const parts = model.graph!.initializer.map((tensor) => {
    const part = moveOut(tensor, { location: DATA, offset });
    offset += part.length;
    return part;
  });
  return { bytes: toBinary(ModelProtoSchema, model), data: Uint8Array.from(Buffer.concat(parts)) };
}

export interface Network {
  readonly model: Model;
  readonly layers: readonly Layer[];
  readonly renderable: readonly Layer[];
  readonly image: readonly [1, number, number, number];
}

/** Read as the product reads it. */
export async function networkOf(
  { image: chw = [3, 24, 20] }: Architecture,
  file: ArchitectureFile,
): Promise<Network> {
  const decoded = decodeModel(file.bytes, { externalData: () => file.data! });
  const image = [1, ...chw] as const;
  const inputSize = { height: chw[1], width: chw[2] };
  const { model } = await foldWeights({
    model: decoded,
    fingerprint: "",
    inputSize,
    scale: [1, 1, 1],
    mean: [0, 0, 0],
    planes: [0, 1, 2],
  });
  const graph = specialise(model, image);
  const layers = layerTable(model, graph);
  const problems = layerProblems(graph, layers);
  return { model, layers, renderable: layers.filter(({ index }) => !problems.has(index)), image };
}

/** An early, a middle and the last layer. */
export function threeLayers({ renderable }: Network): readonly Layer[] {
  const { length } = renderable;
  return [0, Math.floor(length / 2), length - 1].map((i) => renderable[i]!);
}

export interface ArchitectureCheck {
  readonly layers: readonly Layer[];
  /** Of each layer's gradient the median relative error, over directions, images and batches. */
  readonly errors: readonly number[];
  /** Relative error of the file's first output by ONNX Runtime; `null` where it does not run it. */
  readonly forward: number | null;
}

/** Directions in which an image is moved. */
const DIRECTIONS = 3;
/** By so much to either side: few rectifiers turn on the way, and rounding counts for 1e-8. */
const STEP = 1e-7;

/**
 * Gradients by our graphs in float32, against slopes in double precision.
 *
 * @param change of a gradient before it is compared, to see that the comparison can fail
 */
export async function checkArchitecture(
  given: Architecture,
  file: ArchitectureFile,
  change: (gradient: Float32Array) => Float32Array = (gradient) => gradient,
): Promise<ArchitectureCheck> {
  const network = await networkOf(given, file);
  const { model, image: shape } = network;
  const layers = threeLayers(network);
  const wanted = new Set(layers.map(({ value }) => value));
  const graph = specialise(model, shape);
  const images = [normal(shape, 77), normal(shape, 78)].map(({ data }) => data);
  const references = images.map((image, n) =>
    slopesOf(graph, Float64Array.from(image), { layers, wanted, n }),
  );
  const errors: number[] = [];
  for (const [k, layer] of layers.entries()) {
    const off: number[] = [];
    for (const batch of [1, 2]) {
      const used = references.slice(0, batch);
      const cotangents = used.map((reference) => reference.cotangents[k]!);
      const seen = images.slice(0, batch);
      const all = await gradientOf(model, layer, [batch, ...shape.slice(1)], seen, cotangents);
      for (const [n, { directions, slopes }] of used.entries()) {
        const own = change(all.subarray(n * sizeOf(shape), (n + 1) * sizeOf(shape)));
        const norm = Math.hypot(...own);
        off.push(
          ...directions.map((u, d) => {
            const slope = u.reduce((sum, x, i) => sum + x * own[i]!, 0);
            return Math.abs(slope - slopes[k]![d]!) / norm;
          }),
        );
      }
    }
    errors.push(off.toSorted((x, y) => x - y)[off.length >> 1]!);
  }
  return { layers, errors, forward: await forwardError(given, file, graph, images[0]!) };
}

function slopesOf(
  graph: StaticGraph,
  image: Float64Array,
  {
    layers,
    wanted,
    n,
  }: {
    readonly layers: readonly Layer[];
    readonly wanted: ReadonlySet<string>;
    readonly n: number;
  },
) {
  const interpreter = new Interpreter64(graph);
  const cotangents = layers.map(
    ({ value }, k) => normal(graph.facts.get(value)!.shape, 100 * k + n).data,
  );
  const next = uniformSource(5 + n);
  const directions = Array.from({ length: DIRECTIONS }, () =>
    image.map(() => (next() < 0.5 ? -1 : 1)),
  );
  const values = (moved: Float64Array) => {
    const found = interpreter.run(moved, wanted);
    return layers.map(({ value }, k) =>
      found.get(value)!.data.reduce((sum, x, i) => sum + x * cotangents[k]![i]!, 0),
    );
  };
  const slopes: number[][] = layers.map(() => []);
  for (const u of directions) {
    const [above, below] = [STEP, -STEP].map((by) => values(image.map((x, i) => x + by * u[i]!)));
    layers.forEach((_, k) => slopes[k]!.push((above![k]! - below![k]!) / (2 * STEP)));
  }
  return { cotangents, directions, slopes };
}

async function gradientOf(
  model: Model,
  { value, name, parts, batchAxis }: Layer,
  shape: readonly number[],
  images: readonly Float32Array[],
  cotangents: readonly Float32Array[],
): Promise<Float32Array> {
  const pass = layerPass(
    model,
    // as it is, [N, parts, ...] or [N, ...]
    { value, name, parts, batchAxis, channelAxis: parts > 1 ? 0 : 1 },
    shape as [number, number, number, number],
  );
  const joined = (rows: readonly Float32Array[]) => rows.flatMap((row) => [...row]);
  const { gradient } = await runGraph(vjpGraph(pass, "cpu"), {
    image: floatTensor(shape, joined(images)),
    cotangent: floatTensor(pass.layerShape, joined(cotangents)),
  });
  return gradient!.data;
}

/** The file itself in ONNX Runtime, which says that it has been read as it is. */
async function forwardError(
  { traits = [] }: Architecture,
  { bytes, data }: ArchitectureFile,
  graph: StaticGraph,
  image: Float32Array,
): Promise<number | null> {
  // no half-precision kernels; rounding to integers is left out here
  if (traits.some((trait) => trait !== "NHWC" && trait !== "external data")) return null;
  const session = await InferenceSession.create(bytes, {
    intraOpNumThreads: 1,
    logSeverityLevel: 4,
    ...(data && { externalData: [{ path: DATA, data }] }),
  });
  const shape = graph.facts.get(graph.input)!.shape;
  const channelsLast = traits.includes("NHWC");
  const [, c = 1, h = 1, w = 1] = shape;
  const fed = channelsLast
    ? image.map((_, i) => image[(i % c) * h * w + Math.floor(i / c)]!)
    : image;
  const results = await session.run({
    [graph.input]: new OrtTensor("float32", fed, channelsLast ? [1, h, w, c] : [...shape]),
  });
  const name = graph.graph.outputs[0]!.name;
  const wanted = results[name]!.data as Float32Array;
  const given = new Interpreter64(graph)
    .run(Float64Array.from(image), new Set([name]))
    .get(name)!.data;
  await session.release();
  const norm = Math.sqrt(given.reduce((sum, x) => sum + x * x, 0));
  return Math.sqrt(given.reduce((sum, x, i) => sum + (x - wanted[i]!) ** 2, 0)) / norm;
}
