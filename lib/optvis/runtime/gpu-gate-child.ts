import { readFile } from "node:fs/promises";

import type { GpuProvider, Provider } from "../../autodiff/provider.ts";
import { encodeModel } from "../../onnx/encode.ts";
import { messageOf } from "../../onnx/errors.ts";
import { GraphBuilder } from "../../onnx/graph-builder.ts";
import { checkProvider } from "./check-provider.ts";
import { difference, TOLERANCES } from "./difference.ts";
import { PROFILES } from "./providers.ts";
import { type Feeds, Session } from "./session.ts";

/** What the gate asks its child, once. */
export type GateQuestion =
  | { readonly kind: "machine"; readonly provider: GpuProvider }
  | {
      readonly kind: "graph";
      readonly provider: GpuProvider;
      /** Files of the graph as written for the CPU and for the provider. */
      readonly models: Readonly<Record<"cpu" | "gpu", string>>;
      readonly feeds: Readonly<Record<"cpu" | "gpu", GateFeeds>>;
    };

/** What a graph is run with: a first time, to be compared, and longer, to be timed. */
export interface GateFeeds {
  readonly first: Feeds;
  readonly timed: Feeds;
}

export type GateAnswer =
  /** What it is at. Of a driver's it may never come to an end. */
  | { readonly kind: "at"; readonly step: string; readonly waitsFor: "driver" | "cpu" }
  /** The GPU computes what the CPU does. Seconds of one run each. */
  | {
      readonly kind: "equal";
      readonly cpuSeconds: number;
      readonly gpuSeconds: number;
      /** File names of graphics drivers that were loaded; where the system does not tell, none. */
      readonly drivers: readonly string[];
    }
  | { readonly kind: "unfit"; readonly reason: string };

/**
 * The process in which a GPU is tried: what a broken driver does to it, it does to nothing else.
 */
async function answer(question: GateQuestion): Promise<GateAnswer> {
  const { provider } = question;
  try {
    if (question.kind === "machine") return await tryMachine(provider);
    return await tryGraph(question);
  } catch (error) {
    return { kind: "unfit", reason: messageOf(error) };
  }
}

async function tryMachine(provider: GpuProvider): Promise<GateAnswer> {
  begin("opening it");
  await checkProvider(provider);
  begin("multiplying matrices");
  const model = encodeModel(productsGraph());
  const side = { type: "float32", shape: [SIDE, SIDE], data: new Float32Array(SIDE ** 2).fill(1) };
  const run = async (on: Provider) => {
    const session = await Session.create(model, on);
    const feeds = { x: side } as Feeds;
    await session.run(feeds);
    return secondsOf(() => session.run(feeds));
  };
  const [cpuSeconds, gpuSeconds] = [await run("cpu"), await run(provider)];
  return { kind: "equal", cpuSeconds, gpuSeconds, drivers: await loadedDrivers() };
}

const SIDE = 256;
const PRODUCTS = 16;

/** Work enough to tell a card from a program that plays one: 0.5 GFLOP. */
function productsGraph() {
  const graph = new GraphBuilder();
  const x = graph.input("x", "float32", [SIDE, SIDE]);
  const scale = graph.scalar(1 / SIDE);
  let y = x;
  for (let i = 0; i < PRODUCTS; i++) y = graph.emit("Mul", [graph.emit("MatMul", [y, x]), scale]);
  return graph.build("products", [["y", y]]);
}

async function tryGraph({
  provider,
  models,
  feeds,
}: GateQuestion & { readonly kind: "graph" }): Promise<GateAnswer> {
  const open = async (of: "cpu" | "gpu") =>
    Session.create(await readFile(models[of]), of === "cpu" ? "cpu" : provider);
  begin("running the network on the CPU", "cpu");
  const cpu = await open("cpu");
  const started = performance.now();
  const wanted = await cpu.run(feeds.cpu.first);
  const firstSeconds = (performance.now() - started) / 1000;
  const isLong = firstSeconds > LONG_SECONDS;
  const timed = isLong ? "first" : "timed";
  const cpuSeconds = isLong ? firstSeconds : await secondsOf(() => cpu.run(feeds.cpu.timed));
  await cpu.release();
  begin("opening it");
  const gpu = await open("gpu");
  begin("running the network");
  const given = await gpu.run(feeds.gpu.first);
  const problem = difference(given, wanted, feeds.cpu.first, TOLERANCES[provider]);
  if (problem !== null) {
    return { kind: "unfit", reason: `${PROFILES[provider].name}'s ${problem}` };
  }
  begin("running the network again");
  const gpuSeconds = await secondsOf(() => gpu.run(feeds.gpu[timed]));
  return { kind: "equal", cpuSeconds, gpuSeconds, drivers: await loadedDrivers() };
}

/** A first run that takes the CPU so long is long enough to be timed. */
const LONG_SECONDS = 3;

async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

/** On Linux a process can see what it has loaded. */
async function loadedDrivers(): Promise<readonly string[]> {
  const maps = await readFile("/proc/self/maps", "utf8").catch(() => "");
  const files = maps.matchAll(
    /\/((?:libcuda|(?:libvulkan_|libvk_|libGLX_nvidia)[\w.-]*)\.so)\S*$/gm,
  );
  return [...new Set([...files].map(([, file = ""]) => file))];
}

function begin(step: string, waitsFor: "driver" | "cpu" = "driver"): void {
  tell({ kind: "at", step, waitsFor });
}

function tell(message: GateAnswer): void {
  process.send?.(message);
}

process.once("disconnect", () => process.exit());
process.once("message", (question: GateQuestion) => {
  // ended by the parent: on its way out a driver may hang
  void answer(question).then(tell);
});
