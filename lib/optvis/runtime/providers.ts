import type { Provider } from "../../autodiff/provider.ts";

/** How ascents run on one execution provider. */
export interface ProviderProfile {
  /** As its makers call it. */
  readonly name: string;
  /** What ONNX Runtime is told. */
  readonly sessionOptions: {
    readonly executionProviders: readonly [string];
    readonly intraOpNumThreads?: number;
    readonly interOpNumThreads?: number;
    readonly graphOptimizationLevel?: "basic";
  };
  /** What ONNX Runtime says where it lacks the provider; `null`: it never does. */
  readonly missing: RegExp | null;
  /** Sessions at once, each in a thread of its own. */
  readonly workers: (threads: number) => number;
  /** Images in one run, at most. */
  readonly largestBatch: number;
  /**
   * Images for each worker that pass a level before its next begins. Few, so that results come
   * early and a process that dies loses little.
   */
  readonly groupPerWorker: (iterations: number) => number;
}

/** Iterations a worker should run before it may have to compile the next level's graph (0.5 s). */
const ITERATIONS_PER_GRAPH = 40;

/** Larger batches use the card better; beyond 32 images little is gained. */
const CUDA_BATCH = 32;

export const PROFILES: Readonly<Record<Provider, ProviderProfile>> = {
  cpu: {
    name: "the CPU",
    // one session per core beats more threads per session, and the sums that a session of one
    // thread computes do not depend on the machine's number of cores
    sessionOptions: { executionProviders: ["cpu"], intraOpNumThreads: 1, interOpNumThreads: 1 },
    missing: null,
    workers: (threads) => threads,
    // an image's bytes must not depend on the others
    largestBatch: 1,
    groupPerWorker: (iterations) => Math.ceil(ITERATIONS_PER_GRAPH / iterations),
  },
  cuda: {
    name: "CUDA",
    sessionOptions: { executionProviders: ["cuda"] },
    missing: /cuda|provider|backend/i,
    // one card
    workers: () => 1,
    largestBatch: CUDA_BATCH,
    groupPerWorker: () => CUDA_BATCH,
  },
  webgpu: {
    name: "WebGPU",
    // from the next level on, a convolution and two activations after it become one that is wrong
    sessionOptions: { executionProviders: ["webgpu"], graphOptimizationLevel: "basic" },
    missing: /webgpu|adapter/i,
    // a second thread of WebGPU ends the process
    workers: () => 1,
    // an image's bytes must not depend on the others, and each shape has to pass the gate
    largestBatch: 1,
    groupPerWorker: (iterations) => Math.ceil(ITERATIONS_PER_GRAPH / iterations),
  },
};
