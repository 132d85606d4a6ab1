import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { InferenceSession, Tensor } from "onnxruntime-node";

import { encodeNpy } from "../../lib/image/npy.ts";
import type { Provider } from "../../lib/autodiff/provider.ts";
import { readModel } from "../../lib/onnx/decode.ts";
import { encodeModel } from "../../lib/onnx/encode.ts";
import { findLayer, type Layer, layerTable } from "../../lib/networks/layers.ts";
import type { Model } from "../../lib/onnx/model.ts";
import { specialise } from "../../lib/onnx/static-graph.ts";
import { type FloatTensor, floatTensor, sizeOf } from "../../lib/onnx/tensor.ts";
import { ascentGraph } from "../../lib/optvis/graph/ascent-graph.ts";
import { differentiableGraph } from "../../lib/optvis/graph/differentiable-graph.ts";
import { AscentEngine } from "../../lib/optvis/ascent/engine.ts";
import { layerPass, type NetworkModel } from "../../lib/optvis/graph/layer-pass.ts";
import { planLevels } from "../../lib/optvis/ascent/plan-levels.ts";
import { standardNormal, type Uniform, uniformFrom } from "../../lib/optvis/random.ts";
import { PROVIDER_CHECKS, relativeDistance } from "../../lib/optvis/runtime/check-provider.ts";
import { type Feeds, Session } from "../../lib/optvis/runtime/session.ts";
import { median } from "../statistics.ts";
import { runGate } from "./gate.ts";

/**
 * Whether CUDA passes the GPU workers' gate, what the CUDA forms cost and whether they are right,
 * and job 4, on GoogLeNet. Run through run.sh. Ends with 1 if the gate or an image of job 4 fails.
 */

const SIZE = 224;
const ITERATIONS = 10;
const REPEATS = 7;
const PARTS = ["gate", "check", "time", "job"];
const CASES = [
  { layer: 2, batch: 36 },
  { layer: 97, batch: 6 },
  { layer: 97, batch: 32 },
  { layer: 142, batch: 6 },
] as const;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    out: { type: "string", default: "." },
    only: { type: "string", default: "" },
    /** "cpu" runs the CUDA graphs on the CPU: a dry run on a machine without a card. */
    provider: { type: "string", default: "cuda" },
  },
});
const provider = parseProvider(values.provider);
const parts = parseParts(values.only);
const [modelPath = "model.onnx"] = positionals;
const wanted = (part: string) => parts.length === 0 || parts.includes(part);
mkdirSync(values.out, { recursive: true });

const failures: string[] = [];
// first, and whatever else is wanted: figures of a card that computes wrongly are worth nothing
const verdict = await runGate(PROVIDER_CHECKS[provider]);
report("gate", provider, verdict);
if (verdict.gate === "failed") failures.push(`the gate: ${verdict.reason}`);
else await measure();
process.stdout.write(failures.length === 0 ? "passed\n" : `FAILED: ${failures.join("; ")}\n`);
process.exitCode = failures.length === 0 ? 0 : 1;

async function measure(): Promise<void> {
  if (!["check", "time", "job"].some(wanted)) return;
  const model = await readModel(modelPath);
  const layers = layerTable(model, specialise(model, [1, 3, SIZE, SIZE]));
  if (wanted("check")) {
    for (const index of [2, 6, 97, 142]) await checkGradient(model, findLayer(layers, index));
  }
  if (wanted("time")) {
    for (const { layer, batch } of CASES) await timeAscent(model, findLayer(layers, layer), batch);
  }
  if (wanted("job")) await runJob(model, findLayer(layers, 142));
}

/** Gradient of the CUDA graph on CUDA against the CPU graph on the CPU, relative L2 over seeds. */
async function checkGradient(model: Model, layer: Layer): Promise<void> {
  const pass = layerPass(model, layer, [2, 3, SIZE, SIZE]);
  const options = { objective: "rectified" } as const;
  const graphs = {
    cpu: encodeModel(differentiableGraph(pass, { ...options, provider: "cpu" })),
    cuda: encodeModel(differentiableGraph(pass, { ...options, provider: "cuda" })),
  };
  const [cpu, cuda] = await Promise.all([
    Session.create(graphs.cpu, "cpu"),
    Session.create(graphs.cuda, provider),
  ]);
  const errors: number[] = [];
  for (let seed = 0; seed < 8; seed++) {
    const feeds: Feeds = {
      image: noise(pass.imageShape, uniformFrom("check", seed)),
      selection: oneHot(2, pass.channels, seed),
    };
    const [expected, actual] = [await cpu.run(feeds), await cuda.run(feeds)];
    errors.push(relativeDistance(actual["gradient"]!.data, expected["gradient"]!.data));
  }
  report("check", layer.name, {
    median: median(errors).toExponential(1),
    max: Math.max(...errors).toExponential(1),
  });
  await cpu.release();
  await cuda.release();
}

/** Whole ascent steps in one Loop, and which operators ONNX Runtime put on the CPU. */
async function timeAscent(model: Model, layer: Layer, batch: number): Promise<void> {
  const pass = layerPass(model, layer, [batch, 3, SIZE, SIZE]);
  const bytes = encodeModel(
    ascentGraph({
      pass,
      objective: "rectified",
      provider: "cuda",
      scale: [1, 1, 1],
      method: "deepdream",
      crops: null,
    }),
  );
  const started = performance.now();
  const session = await InferenceSession.create(bytes, {
    executionProviders: [provider],
    enableProfiling: true,
    profileFilePrefix: join(values.out, `profile-${layer.index}-${batch}`),
    logSeverityLevel: 3,
  });
  const created = performance.now();
  const image = noise(pass.imageShape, uniformFrom("time"));
  const selection = oneHot(batch, pass.channels, 0);
  const feeds = {
    image: new Tensor("float32", image.data, image.shape),
    selection: new Tensor("float32", selection.data, selection.shape),
    iterations: new Tensor("int64", BigInt64Array.of(BigInt(ITERATIONS)), []),
    step: new Tensor("float32", Float32Array.of(1), []),
  };
  await session.run(feeds);
  const first = performance.now();
  const times: number[] = [];
  for (let i = 0; i < REPEATS; i++) {
    const from = performance.now();
    await session.run(feeds);
    times.push((performance.now() - from) / ITERATIONS);
  }
  session.endProfiling();
  report(`time x${batch}`, layer.name, {
    msPerIteration: median(times).toFixed(2),
    fastest: Math.min(...times).toFixed(2),
    createMs: (created - started).toFixed(0),
    firstRunMs: (first - created).toFixed(0),
  });
  await session.release();
}

/** Job 4 of the example: six classes, 100 iterations, two levels, the second in crops. */
async function runJob(model: Model, { value, name, channels }: Layer): Promise<void> {
  if (channels === null) throw new Error(`layer '${name}' has no channels`);
  const layer = { value, name, channels };
  const network: NetworkModel = {
    model,
    fingerprint: "measured",
    inputSize: { width: SIZE, height: SIZE },
    scale: [1, 1, 1],
    mean: [0, 0, 0],
    planes: [0, 1, 2],
  };
  const engine = new AscentEngine();
  for (const run of ["first", "again"]) {
    const started = performance.now();
    const results = await engine.render({
      method: "deepdream",
      network,
      layer,
      channels: [114, 293, 341, 484, 563, 950],
      levels: planLevels(network, layer, {
        size: network.inputSize,
        pyramidLevels: 2,
        pyramidScale: 1.4,
      }),
      objective: "rectified",
      iterations: 100,
      start: { kind: "noise", seed: 0 },
      provider,
    });
    const strengths = results.map((result) =>
      result.kind === "image" ? result.trace.at(-1)!.activation.toFixed(1) : result.reason,
    );
    report(`job 4 ${run}`, layer.name, {
      s: ((performance.now() - started) / 1000).toFixed(2),
      strengths,
    });
    for (const result of results) {
      if (result.kind !== "image") failures.push(`job 4 ${run}: ${result.reason}`);
    }
    const images = results.flatMap((result) => (result.kind === "image" ? [result.image] : []));
    const data = Float32Array.from(images.flatMap((image) => [...image.data]));
    const [{ height, width } = { height: 0, width: 0 }] = images;
    writeFileSync(join(values.out, "job4.npy"), encodeNpy([images.length, 3, height, width], data));
  }
  await engine.close();
}

function report(what: string, where: string, figures: object): void {
  process.stdout.write(`${what.padEnd(12)} ${where.padEnd(20)} ${JSON.stringify(figures)}\n`);
}

function parseProvider(value: string): Provider {
  if (value === "cpu" || value === "cuda") return value;
  throw new Error(`--provider is '${value}'; wanted "cuda" or "cpu"`);
}

function parseParts(value: string): readonly string[] {
  const given = value === "" ? [] : value.split(",");
  const unknown = given.filter((part) => !PARTS.includes(part));
  if (unknown.length === 0) return given;
  throw new Error(`--only names '${unknown.join(",")}'; wanted some of ${PARTS.join(",")}`);
}

function noise(shape: readonly number[], uniform: Uniform): FloatTensor {
  return floatTensor(shape, standardNormal(sizeOf(shape), uniform));
}

function oneHot(batch: number, channels: number, seed: number): FloatTensor {
  const data = new Float32Array(batch * channels);
  for (let n = 0; n < batch; n++) data[n * channels + ((n * 7 + seed * 13) % channels)] = 1;
  return floatTensor([batch, channels], data);
}
