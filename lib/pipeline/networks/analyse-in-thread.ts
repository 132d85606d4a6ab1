import { Worker } from "node:worker_threads";

import type { Network } from "../../networks/registry.ts";
import { DerivedTensors } from "../../onnx/derived-tensors.ts";
import { ModelError } from "../../onnx/errors.ts";
import type { AnalysedNetwork } from "./analyse-network.ts";
import type { AnalysisReply, SentNetwork } from "./analysis-thread.ts";

export interface AnalysisBounds {
  /** Of JavaScript objects, in MB; weights are not among them. */
  readonly heapMb: number;
  readonly deadlineMs: number;
}

/**
 * A model within the budgets of `onnx/budgets.ts` needs half of the memory and a few seconds. These
 * are for what nobody has thought of, so they may be generous to a slow machine.
 */
const BOUNDS: AnalysisBounds = { heapMb: 768, deadlineMs: 120_000 };

/** Ends when the analysis before has: together they would need more memory than one may. */
let earlier: Promise<unknown> = Promise.resolve();

/**
 * As `analyseNetwork`, in a thread of its own with bounds on memory and time, so that this one goes
 * on answering whatever the file is. One at a time.
 *
 * @throws ModelError if the file cannot be read, or its analysis is out of bounds
 */
export function analyseInThread(
  network: Network,
  bounds: AnalysisBounds = BOUNDS,
): Promise<AnalysedNetwork> {
  const analysis = earlier.then(() => analyse(network, bounds));
  earlier = analysis.catch(() => undefined);
  return analysis;
}

function analyse(
  network: Network,
  { heapMb, deadlineMs }: AnalysisBounds,
): Promise<AnalysedNetwork> {
  const { modelPath } = network;
  return new Promise<AnalysedNetwork>((resolve, reject) => {
    const thread = startThread(network, heapMb);
    const refuse = (reason: string) => reject(new ModelError(`${modelPath}: ${reason}`));
    const deadline = setTimeout(() => {
      refuse(`its analysis takes longer than ${deadlineMs / 1000} s; use a smaller model`);
      void thread.terminate();
    }, deadlineMs);
    thread.on("message", (reply: AnalysisReply) => {
      if (reply.kind === "done") resolve(received(reply.network));
      else if (reply.kind === "refused") reject(new ModelError(reply.message));
      else reject(reply.error instanceof Error ? reply.error : new Error(String(reply.error)));
    });
    thread.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "ERR_WORKER_OUT_OF_MEMORY") reject(error);
      else refuse(`its analysis takes more than ${heapMb} MB of memory; use a smaller model`);
    });
    thread.on("exit", (code) => {
      clearTimeout(deadline);
      // of no effect after an answer
      reject(new Error(`internal: the analysis of ${modelPath} ended with code ${code}`));
    });
  });
}

function received({ model, ...network }: SentNetwork): AnalysedNetwork {
  const whole = { ...model.model, derived: new DerivedTensors() };
  return { ...network, model: { ...model, model: whole } };
}

/** From source the thread's file is TypeScript; in a bundle it lies beside this one. */
function startThread(network: Network, heapMb: number): Worker {
  const file = new URL(import.meta.url).pathname.endsWith(".ts")
    ? "./analysis-thread-from-source.mjs"
    : "./analysis-thread.mjs";
  return new Worker(new URL(file, import.meta.url), {
    workerData: network,
    resourceLimits: { maxOldGenerationSizeMb: heapMb },
  });
}
