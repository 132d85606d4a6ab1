import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Worker } from "node:worker_threads";

import { expect, onTestFinished, test } from "vitest";

import {
  type ChannelImage,
  differentiableGraph,
  LayerNotFoundError,
  NetworkNotFoundError,
  readNetwork,
  render,
  type RenderEvent,
  RequestError,
  ShapeMismatchError,
  sheet,
  vjp,
} from "../lib/dreamgrid.ts";
import { decodeImage } from "../lib/image/png.ts";
import { type FloatTensor, floatTensor } from "../lib/onnx/tensor.ts";
import { AscentEngine } from "../lib/optvis/ascent/engine.ts";
import { planLevels } from "../lib/optvis/ascent/plan-levels.ts";
import { analyseNetwork } from "../lib/pipeline/networks/analyse-network.ts";
import { temporaryFolder } from "./networks/temporary-folder.ts";
import { node, sketch, writeModel } from "./support/onnx-writer.ts";
import { normal, uniform } from "./support/random.ts";
import { compile } from "./support/run-graph.ts";
import { CLASS_NAMES, tinyNetwork } from "./support/tiny-network.ts";
import { dot } from "./support/vectors.ts";

/** Of |analytic - numeric| to the gradient's norm; JAX allows 2e-3 for float32 gradients. */
const GRADIENT_TOLERANCE = 2e-3;
const STEP = 1e-2; // of the central difference, in units of a standard normal direction

/** A smooth network as a file of someone's own, every axis with its own length. */
async function smoothFile(): Promise<string> {
  const graph = sketch({
    inputs: { image: [null, 3, null, null] },
    nodes: [
      node("Conv", "image stem.weight", "stem", { strides: [2, 1] }),
      node("Sigmoid", "stem", "soft"),
      node("Conv", "soft head.weight", "head"),
    ],
    outputs: ["head"],
    initializers: {
      "stem.weight": uniform([4, 3, 3, 2], 1, [-1, 1]),
      "head.weight": uniform([5, 4, 1, 2], 2, [-1, 1]),
    },
  });
  const path = join(await temporaryFolder(), "smooth.onnx");
  await writeFile(path, writeModel(graph, 18));
  return path;
}

const IMAGE = [2, 3, 11, 7] as const;

test("a file of one's own is read with its layers, and what was assumed of it is said", async () => {
  const network = await readNetwork(await smoothFile());
  expect(network.layers.map(({ index, name, renderable }) => [index, name, renderable])).toEqual([
    [1, "image", false],
    [2, "stem", true],
    [3, "soft", true],
    [4, "head", true],
  ]);
  expect(network).toMatchObject({ id: "smooth", labels: null });
  expect(network.notice).toMatch(/assuming RGB, 0\.\.255 minus 128/);
  await expect(readNetwork("no/such.onnx")).rejects.toThrow(NetworkNotFoundError);
});

test("emojinet comes with the library", async () => {
  const network = await readNetwork("emojinet");
  expect(network.labels).toContain("zebra");
  expect(network.input).toMatchObject({ width: 224, height: 224 });
  expect(network.notice).toBeNull();
});

test("vjp's graph gives the layer, and the gradient that central differences find", async () => {
  const network = await readNetwork(await smoothFile());
  const graph = vjp(network, { layer: "head", image: IMAGE });
  expect(graph.inputs).toEqual([
    { name: "image", type: "float32", shape: [2, 3, 11, 7] },
    { name: "cotangent", type: "float32", shape: [2, 5, 5, 5] },
  ]);
  const run = await compile(graph);
  const [image, u] = [normal(IMAGE, 3), normal(IMAGE, 4)];
  const cotangent = normal([2, 5, 5, 5], 5);
  const valueAt = async (step: number) =>
    (await run({ image: moved(image, u, step), cotangent }))["value"]!;
  const ahead = await valueAt(STEP);
  const behind = await valueAt(-STEP);
  const numeric = (dot(cotangent, ahead) - dot(cotangent, behind)) / (2 * STEP);

  const { gradient } = await run({ image, cotangent });
  expect(gradient!.shape).toEqual([...IMAGE]);
  const error = (given: FloatTensor) =>
    Math.abs(dot(given, u) - numeric) / Math.sqrt(dot(given, given));
  expect(error(gradient!)).toBeLessThan(GRADIENT_TOLERANCE);
  // the check can fail: another cotangent's gradient is not this one
  const other = await run({ image, cotangent: normal([2, 5, 5, 5], 6) });
  expect(error(other["gradient"]!)).toBeGreaterThan(10 * GRADIENT_TOLERANCE);
});

test("the differentiable graph's mean is the vjp of equal shares of the channel's map", async () => {
  const network = await readNetwork(await smoothFile());
  const options = { layer: 4, image: IMAGE };
  const image = normal(IMAGE, 3);
  const [map, channel] = [25, 3];
  const selection = floatTensor([2, 5], oneHot(5, [channel, channel]));
  const mean = differentiableGraph(network, { ...options, objective: "mean" });
  const found = await (await compile(mean))({ image, selection });
  const cotangent = floatTensor(
    [2, 5, 5, 5],
    [...selection.data].flatMap((one) => Array<number>(map).fill(one / map)),
  );
  const wanted = await (await compile(vjp(network, options)))({ image, cotangent });
  expectNear(found["gradient"]!.data, wanted["gradient"]!.data);
  const activations = [0, 1].map((n) => {
    const first = (n * 5 + channel) * map;
    const values = wanted["value"]!.data.slice(first, first + map);
    return values.reduce((sum, value) => sum + value / map, 0);
  });
  expectNear(found["activation"]!.data, activations);
});

test("a layer that is not there is refused", async () => {
  const network = await readNetwork(await smoothFile());
  expect(() => vjp(network, { layer: "heat" })).toThrow(LayerNotFoundError);
  expect(() => vjp(network, { layer: "heat" })).toThrow("did you mean 'head' (4)?");
});

test("options of a graph that are none are refused, as plain JavaScript may give them", async () => {
  const network = await readNetwork(await smoothFile());
  const graphOf = (more: object) => differentiableGraph(network, { layer: "head", ...more });
  const provider = 'provider: given "cpuu"; wanted one of "cpu", "cuda", "webgpu"';
  const vjpFor = (named: string) => vjp(network, { layer: "head", provider: named as "cpu" });
  expect(() => vjpFor("cpuu")).toThrow(new RequestError([provider]));
  const objective =
    'objective: given "meen"; wanted one of "rectified", "mean", "layer", "neuron", or { kind: "direction", cosinePower: number }';
  expect(() => graphOf({ objective: "meen", provider: "cpuu" })).toThrow(
    new RequestError([provider, objective]),
  );
  expect(() => graphOf({ objective: { kind: "direction" } })).toThrow(
    "objective.cosinePower: missing; wanted a number",
  );
  const wrong = { layer: null, image: [1, 3, 7.5, 7] } as unknown as { layer: string };
  expect(() => vjp("smooth.onnx" as unknown as typeof network, wrong)).toThrow(
    new RequestError([
      'network: given "smooth.onnx"; wanted what readNetwork gives',
      "layer: given null; wanted a layer's name, or its 1-based index",
      "image[2]: given 7.5; wanted a whole number",
    ]),
  );
  for (const known of ["layer", "neuron", { kind: "direction", cosinePower: 0 }]) {
    expect(graphOf({ objective: known }).outputs).toHaveLength(2);
  }
});

test("an option that there is none of is refused, not ignored", async () => {
  const file = await smoothFile();
  const reading = (options: object) => readNetwork(file, options);
  await expect(reading({ input: { preprocessing: "torchvison" } })).rejects.toThrow(
    new RequestError([
      'input.preprocessing: given "torchvison"; wanted one of "torchvision", "caffe", "tensorflow", "zero-one", "minus-one-one"',
    ]),
  );
  await expect(reading({ input: { preproc: "caffe" } })).rejects.toThrow(
    "input.preproc: unknown field; remove it",
  );
  await expect(reading({ preprocessing: "caffe" })).rejects.toThrow("preprocessing: unknown field");
  await expect(reading({ signal: "stop" })).rejects.toThrow(
    'signal: given "stop"; wanted an Abort',
  );
  const network = await reading({ input: { mean: [1, 2, 3], std: [1], sizePx: null } });
  expect(network.input.mean).toEqual([1, 2, 3]);
  expect(() => vjp(network, { layer: "head", axis: 1 } as { layer: string })).toThrow(
    "axis: unknown field",
  );
  expect(() => vjp(network, { layer: "head", image: [1, 4, 9, 9] })).toThrow(ShapeMismatchError);
  const request = { network, layer: "head", channels: [1] } as const;
  await expect(render(request, { threads: 0 }).next()).rejects.toThrow(
    new RangeError("threads: given 0; wanted a whole number from 1"),
  );
});

/** Two iterations of three channels of layer 2, `wide`. */
const REQUEST = { layer: "wide", channels: "1:3", numIterations: 2, pyramidLevels: 2 } as const;

test("render gives the engine's images and traces, and ends", async () => {
  const opened = await tinyNetwork(await temporaryFolder());
  const network = await readNetwork(opened.modelPath);
  const images: ChannelImage[] = [];
  const events: RenderEvent[] = [];
  // the third would be drawn twice, and which of the two is kept is a matter of rounding
  const request = { network, ...REQUEST, channels: "1:2", seed: 5 };
  for await (const event of render(request, { threads: 2 })) {
    events.push(event);
    if (event.kind === "image") images.push(event);
  }
  expect(new Set(events.map(({ kind }) => kind))).toEqual(new Set(["progress", "image", "end"]));
  expect(events.at(-1)).toEqual({ kind: "end", ok: 2, failed: 0 });

  const { model, layers } = await analyseNetwork(opened);
  const wide = layers[1]!;
  const engine = new AscentEngine({ threads: 1 });
  onTestFinished(() => engine.close());
  const results = await engine.render({
    method: "deepdream",
    network: model,
    layer: { ...wide, channels: 7 },
    channels: [1, 2],
    levels: planLevels(model, wide, { size: model.inputSize, pyramidLevels: 2, pyramidScale: 1.4 }),
    objective: "rectified",
    iterations: 2,
    start: { kind: "noise", seed: 5 },
    provider: "cpu",
  });
  const sorted = images.toSorted((a, b) => a.channel - b.channel);
  expect(sorted.map(({ channel, layer }) => `${channel} ${layer}`)).toEqual(["1 wide", "2 wide"]);
  for (const [i, result] of results.entries()) {
    if (result.kind === "failed") throw new Error(result.reason);
    expect(sorted[i]!.planes).toEqual(result.image);
    expect(sorted[i]!.trace).toEqual(result.trace);
    expect(sorted[i]!.activation).toBe(result.trace.at(-1)!.activation);
  }
  const tile = await decodeImage(sorted[0]!.png);
  expect([tile.width, tile.height]).toEqual([28, 22]);
});

test("class names are labels, and the sheet has a place for each channel", async () => {
  const { modelPath } = await tinyNetwork(await temporaryFolder());
  const ended: ChannelImage[] = [];
  const request = {
    layer: "classes",
    channels: "all",
    numIterations: 1,
    pyramidLevels: 1,
  } as const;
  for await (const event of render({ network: modelPath, ...request })) {
    if (event.kind === "image") ended.push(event);
  }
  expect(new Set(ended.map(({ label }) => label))).toEqual(
    new Set(CLASS_NAMES.map((name) => name.replace(/,.*/, ""))),
  );
  const failed = { kind: "failed", channel: 9, label: null, layer: "x", reason: "" } as const;
  const options = { gridSize: [2, 3], title: "" } as const; // a title would make it wider
  const picture = await decodeImage(await sheet([...ended, failed], options));
  expect(picture.width).toBe(3 * 20);
});

test("leaving the loop ends the threads", async () => {
  const { modelPath } = await tinyNetwork(await temporaryFolder());
  const workers: Worker[] = [];
  const note = (worker: Worker) => workers.push(worker);
  process.on("worker", note);
  onTestFinished(() => void process.off("worker", note));
  const request = { network: modelPath, ...REQUEST, numIterations: 1000 };
  for await (const event of render(request, { threads: 2 })) if (event.kind === "progress") break;
  expect(workers.length).toBeGreaterThan(0);
  // what a thread that has ended says of itself
  expect(workers.map(({ threadId }) => threadId)).toEqual(workers.map(() => -1));
});

test("a signal ends the rendering with its reason", async () => {
  const { modelPath } = await tinyNetwork(await temporaryFolder());
  const caller = new AbortController();
  const request = { network: modelPath, ...REQUEST, numIterations: 1000 };
  const rendering = async () => {
    for await (const event of render(request, { threads: 1, signal: caller.signal })) {
      if (event.kind === "progress") caller.abort(new Error("enough"));
    }
  };
  await expect(rendering()).rejects.toThrow("enough");
});

test("a request that cannot be run is refused with every problem", async () => {
  const network = await readNetwork(await smoothFile());
  const rendering = render({ network, layer: "head", channels: [9], numIterations: 0 });
  await expect(rendering.next()).rejects.toThrow(RequestError);
  const missing = render({ network, layer: "head", channels: [1], initialImage: "no/such.png" });
  await expect(missing.next()).rejects.toThrow("initialImage: given 'no/such.png'");
});

function moved(at: FloatTensor, direction: FloatTensor, step: number): FloatTensor {
  return floatTensor(
    at.shape,
    at.data.map((value, i) => value + step * direction.data[i]!),
  );
}

function oneHot(length: number, picks: readonly number[]): number[] {
  return picks.flatMap((pick) => Array.from({ length }, (_, i) => (i === pick ? 1 : 0)));
}

function expectNear(found: ArrayLike<number>, wanted: ArrayLike<number>): void {
  expect(found.length).toBe(wanted.length);
  for (let i = 0; i < wanted.length; i++) expect(found[i]).toBeCloseTo(wanted[i]!, 5);
}
