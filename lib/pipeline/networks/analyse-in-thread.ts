import { stat } from "node:fs/promises";

import { externalFilesOf, filesOf } from "../../networks/network-files.ts";
import { NetworkError } from "../../networks/errors.ts";
import type { ModelReader } from "../../networks/model-reader.ts";
import type { Network } from "../../networks/registry.ts";
import { DerivedTensors } from "../../onnx/derived-tensors.ts";
import { ModelError } from "../../onnx/errors.ts";
import type { AnalysedNetwork } from "./analyse-network.ts";
import type { AnalysisResults, AnalysisTask, SentNetwork } from "./analysis-thread.ts";
import { HEAP_MB, keepThread, OutOfBoundsError, takeThread } from "./analysis-threads.ts";

export interface AnalysisBounds {
  /** See `HEAP_MB`. */
  readonly heapMb: number;
  /** Of the clock. */
  readonly deadlineMs: number;
  /** Of the thread's own time on a core, where the system tells it. */
  readonly cpuMs: number;
}

/**
 * A model within the budgets of `onnx/budgets.ts` needs less; these bounds stop what nobody has
 * foreseen. Time on a core is nearly the same on a busy machine, so that `cpuMs` can be short.
 */
const BOUNDS: Omit<AnalysisBounds, "cpuMs"> = { heapMb: HEAP_MB, deadlineMs: 120_000 };

/**
 * Of a file of up to 10 MB: three times what a model at the edge of the budgets takes where a core is
 * quick. The networks of that size that people have need a tenth of that.
 */
const CPU_MS = 3_000;
const CPU_MS_PER_MB = 100;
const SMALL_MB = 10;

/** The task before, which is waited for: two at once would need twice the memory. */
let earlier: Promise<unknown> = Promise.resolve();

/**
 * How long an analysis is remembered, of the last network alone: a command checks its requests, the
 * pipeline then opens its copy of the same file.
 */
const REMEMBERED_MS = 30_000;

let last: { readonly key: string; readonly analysing: Promise<AnalysedNetwork> } | null = null;

/**
 * As `analyseNetwork`, in a thread of its own with bounds on memory and time, so that this one goes
 * on answering whatever the file is. One at a time. The same file and description once more, within
 * half a minute, have the same model and layers without another analysis.
 *
 * @param bounds other than usual; nothing is remembered then
 * @throws ModelError if the file cannot be read, or its analysis is out of bounds
 */
export async function analyseInThread(
  network: Network,
  bounds?: AnalysisBounds,
): Promise<AnalysedNetwork> {
  if (bounds) return analyse(network, bounds);
  const key = await contentOf(network);
  const known = last?.key === key ? last.analysing : remember(key, analyse(network));
  const { model, layers, problems } = await known;
  return { ...network, model, layers, problems };
}

async function analyse(network: Network, bounds?: AnalysisBounds): Promise<AnalysedNetwork> {
  const cpuMs = cpuMsFor(filesOf(network.file));
  const task = { kind: "analyse", network } as const;
  return received(await inTurn(task, network.modelPath, bounds ?? { ...BOUNDS, cpuMs }));
}

/** All that an analysis depends on; who opened the network has checked its file's SHA-256. */
async function contentOf({ file, description, modelPath }: Network): Promise<string> {
  // a file that has been changed since is refused when it is opened; most are told by their size
  const size = await stat(modelPath).then(
    (found) => found.size,
    () => null,
  );
  const beside = externalFilesOf(file).map((each) => [each.location, each.sha256]);
  return JSON.stringify([file.sha256, beside, size, description.input]);
}

function remember(key: string, analysing: Promise<AnalysedNetwork>): Promise<AnalysedNetwork> {
  const own = { key, analysing };
  last = own;
  const forget = () => {
    if (last === own) last = null;
  };
  analysing.then(() => setTimeout(forget, REMEMBERED_MS).unref(), forget);
  return analysing;
}

/** Reads model files in that thread; what has been described just before is not read again. */
export const readInThread: ModelReader = {
  // what it takes is a hash of all bytes, as many as there may be
  identify: (path, name) =>
    inTurn({ kind: "identify", path, name }, path, { ...BOUNDS, cpuMs: Infinity }),
  describe: (model, given) => {
    const cpuMs = cpuMsFor(filesOf(model.file));
    return inTurn({ kind: "describe", model, given }, model.path, { ...BOUNDS, cpuMs });
  },
};

function cpuMsFor(files: ReturnType<typeof filesOf>): number {
  const megabytes = files.reduce((sum, { sizeBytes }) => sum + (sizeBytes ?? 0), 0) / 1e6;
  return CPU_MS + CPU_MS_PER_MB * Math.max(0, megabytes - SMALL_MB);
}

function inTurn<T extends AnalysisTask>(
  task: T,
  path: string,
  bounds: AnalysisBounds,
): Promise<AnalysisResults[T["kind"]]> {
  const done = earlier.then(() => inThread(task, path, bounds));
  earlier = done.catch(() => undefined);
  // a thread's reply is that to its task
  return done as Promise<AnalysisResults[T["kind"]]>;
}

async function inThread(task: AnalysisTask, path: string, bounds: AnalysisBounds) {
  const thread = takeThread(bounds.heapMb);
  try {
    const reply = await thread.run(task, bounds);
    // nothing follows an analysis, and what it has left in the heap may be much
    if (task.kind === "analyse") thread.end();
    else keepThread(thread);
    if (reply.kind === "done") return reply.result;
    if (reply.kind === "failed") throw asError(reply.error);
    throw reply.by === "model" ? new ModelError(reply.message) : new NetworkError(reply.message);
  } catch (error) {
    if (!(error instanceof OutOfBoundsError)) throw error;
    throw new ModelError(`${path}: ${error.message}; use a smaller model`, { cause: error });
  }
}

const asError = (error: unknown) => (error instanceof Error ? error : new Error(String(error)));

function received({ model, ...network }: SentNetwork): AnalysedNetwork {
  const whole = { ...model.model, derived: new DerivedTensors() };
  return { ...network, model: { ...model, model: whole } };
}
