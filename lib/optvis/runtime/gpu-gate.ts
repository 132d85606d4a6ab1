import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";

import type { GpuProvider } from "../../autodiff/provider.ts";
import { messageOf } from "../../onnx/errors.ts";
import { startedFile } from "../../started-file.ts";
import { askGateChild, type ChildProgram } from "./ask-gate-child.ts";
import type { GateFeeds, GateQuestion } from "./gpu-gate-child.ts";
import type { GateMemory } from "./gate-memory.ts";
import { isOutOfMemory } from "./errors.ts";
import type { GpuRefusal, GpuVerdict } from "./gpu-verdict.ts";
import { freeCardBytes } from "./card-memory.ts";
import { PROFILES } from "./providers.ts";
import type { SessionGraph } from "./session-graph.ts";
import { SessionWorker } from "./session-worker.ts";

/** One graph as written for the CPU and for a GPU, and what it runs with. */
export interface GatedGraph {
  readonly graphs: Readonly<Record<"cpu" | "gpu", SessionGraph>>;
  readonly feeds: Readonly<Record<"cpu" | "gpu", GateFeeds>>;
  /** How often the GPU takes at once what the CPU takes: its first images are the CPU's. */
  readonly copies: number;
}

export interface GpuGateOptions {
  /** CPU threads that render. @default the machine's cores */
  readonly threads?: number | undefined;
  /** In order of preference. @default CUDA, then WebGPU */
  readonly providers?: readonly GpuProvider[];
  /** Of the CPU's speed, which a GPU must reach to be used. @default 1; as DREAMGRID_GPU says */
  readonly leastSpeedup?: number;
  /** After so long in one step the driver hangs, or is of no use. @default 60 */
  readonly patienceSeconds?: number;
  /** What earlier processes have found of the machine. @default nothing is remembered */
  readonly memory?: Pick<GateMemory, "reason" | "keep"> | null;
  /** Hears in a line what was decided of the machine and of each graph. @default nobody */
  readonly tell?: ((line: string) => void) | undefined;
  /** The child's file and arguments, for tests. @default the gate's own */
  readonly child?: ChildProgram;
}

/** A card multiplies matrices at least as fast as one thread; a program that plays one, never. */
const LEAST_PRODUCTS_SPEEDUP = 1;
const PATIENCE_SECONDS = 60;

/**
 * Decides what is rendered on a GPU: what it computes, in a child process that may crash or hang,
 * equals the CPU's, and comes sooner. Every answer is remembered.
 */
export class GpuGate {
  readonly #threads: number;
  readonly #providers: readonly GpuProvider[];
  readonly #leastSpeedup: number;
  readonly #patienceSeconds: number;
  readonly #child: ChildProgram;
  readonly #memory: Pick<GateMemory, "reason" | "keep"> | null;
  readonly tell: (line: string) => void;
  readonly #stop = new AbortController();
  #machine: Promise<GpuVerdict> | null = null;
  /** What `#machine` has come to. */
  #found: GpuVerdict | null = null;
  readonly #graphs = new Map<string, Promise<GpuVerdict>>();

  constructor({
    threads = availableParallelism(),
    providers = ["cuda", "webgpu"],
    leastSpeedup = 1,
    patienceSeconds = PATIENCE_SECONDS,
    memory = null,
    tell = () => undefined,
    child = [startedFile("gpu-gate-child", import.meta.url)],
  }: GpuGateOptions = {}) {
    this.#threads = threads;
    this.#providers = providers;
    this.#leastSpeedup = leastSpeedup;
    this.#patienceSeconds = patienceSeconds;
    this.#memory = memory;
    this.tell = (line) => {
      // work that was done before the answer came is done, and nobody asks how
      if (!this.#stop.signal.aborted) tell(line);
    };
    this.#child = child;
  }

  /** The first provider that runs a small network here as the CPU does; asked once. */
  machine(): Promise<GpuVerdict> {
    this.#machine ??= this.#recallMachine();
    return this.#machine;
  }

  /** Images that the machine's card takes in one run; 0: none is known to be of use by now. */
  imagesAtOnce(): number {
    return this.#found?.isFit === true ? PROFILES[this.#found.provider].largestBatch : 0;
  }

  async #recallMachine(): Promise<GpuVerdict> {
    const known = (await this.#memory?.reason()) ?? null;
    const verdict =
      known === null ? await this.#tryMachine() : ({ isFit: false, reason: known } as const);
    if (!verdict.isFit) this.tell(`rendering on the CPU: ${verdict.reason}`);
    const isPassing = !verdict.isFit && verdict.isPassing;
    if (known === null && !isPassing) {
      await this.#memory?.keep(verdict.isFit ? null : verdict.reason);
    }
    this.#found = verdict;
    return verdict;
  }

  async #tryMachine(): Promise<GpuVerdict> {
    const refusals: GpuRefusal[] = [];
    for (const provider of this.#providers) {
      const verdict = await this.#ask(
        { kind: "machine", provider },
        (cpuSeconds, gpuSeconds) => cpuSeconds / gpuSeconds,
        Math.min(LEAST_PRODUCTS_SPEEDUP, this.#leastSpeedup),
      );
      if (verdict.isFit) return verdict;
      refusals.push(verdict);
    }
    const reason = refusals.map((refusal) => refusal.reason).join("; ");
    return { isFit: false, reason, ...passing(refusals.some((each) => each.isPassing)) };
  }

  /**
   * Whether a graph is rendered on the GPU that the machine has passed with.
   *
   * @param key equal for equal graphs: each is tried once, unless what stood in the way may pass
   */
  graph(key: string, gated: () => Promise<GatedGraph>): Promise<GpuVerdict> {
    const known = this.#graphs.get(key);
    if (known) return known;
    const trial = this.#tryAndTell(gated).then((verdict) => {
      if (!verdict.isFit && verdict.isPassing) this.#graphs.delete(key);
      return verdict;
    });
    this.#graphs.set(key, trial);
    return trial;
  }

  async #tryAndTell(gated: () => Promise<GatedGraph>): Promise<GpuVerdict> {
    const verdict = await this.#tryGraph(gated);
    if (!(await this.machine()).isFit) return verdict;
    this.tell(
      verdict.isFit
        ? `rendering on ${describeGpu(verdict)}, too: ${Number(verdict.speedup.toPrecision(2))} times the speed of the CPU`
        : `rendering this layer on the CPU: ${verdict.reason}`,
    );
    return verdict;
  }

  async #tryGraph(gated: () => Promise<GatedGraph>): Promise<GpuVerdict> {
    const machine = await this.machine();
    if (!machine.isFit) return machine;
    // models are hundreds of megabytes: they are built in a thread, and go over as files
    const writer = new SessionWorker();
    let folder: string | null = null;
    try {
      folder = await mkdtemp(join(tmpdir(), "dreamgrid-gpu-"));
      const { graphs, feeds, copies } = await gated();
      const models = { cpu: join(folder, "cpu.onnx"), gpu: join(folder, "gpu.onnx") };
      await writer.write(graphs.cpu, models.cpu);
      await writer.write(graphs.gpu, models.gpu);
      return await this.#ask(
        { kind: "graph", provider: machine.provider, models, feeds },
        (cpuSeconds, gpuSeconds) => (cpuSeconds * copies) / this.#threads / gpuSeconds,
        this.#leastSpeedup,
      );
    } catch (error) {
      // such as a rule without a form for this provider
      return { isFit: false, reason: messageOf(error) };
    } finally {
      await writer.close();
      // what cannot be removed is a temporary file, and says nothing of the card
      if (folder) await rm(folder, { recursive: true, force: true }).catch(() => undefined);
    }
  }

  /**
   * What was rendered on the GPU has failed, and the rest of it is rendered on the CPU; so is what
   * comes after it in this process, whose device may be lost for good.
   */
  giveUp(refusal: GpuRefusal): void {
    this.tell(`the rest is rendered on the CPU: ${refusal.reason}`);
    if (refusal.isPassing) return;
    this.#found = refusal;
    this.#machine = Promise.resolve(refusal);
  }

  /** Gives up what it is at: nothing waits for it any more. */
  close(): void {
    this.#stop.abort();
  }

  async #ask(
    question: GateQuestion,
    speedupOf: (cpuSeconds: number, gpuSeconds: number) => number,
    least: number,
  ): Promise<GpuVerdict> {
    const { provider } = question;
    // what a child takes of the card, and gives back late, is not to be missed
    if (provider === "cuda") await freeCardBytes();
    const answer = await askGateChild(this.#child, question, {
      patienceMs: this.#patienceSeconds * 1000,
      stop: this.#stop.signal,
    });
    if (answer.kind !== "equal") {
      const reason = answer.reason.replace(/; use the CPU$/, "");
      // others may have the card's memory for now
      const isPassing = answer.kind === "untried" || isOutOfMemory(reason);
      return { isFit: false, reason, ...passing(isPassing) };
    }
    const { cpuSeconds, gpuSeconds, drivers } = answer;
    const speedup = speedupOf(cpuSeconds, gpuSeconds);
    if (speedup >= least) return { isFit: true, provider, speedup, drivers };
    const what = question.kind === "machine" ? "a thread of the CPU" : "the CPU";
    return {
      isFit: false,
      reason: `${describeGpu({ provider, drivers })} has ${Number(speedup.toPrecision(2))} times the speed of ${what}, wanted at least ${least}`,
    };
  }
}

const passing = (isPassing: boolean) => (isPassing ? { isPassing } : {});

/** "WebGPU (libvulkan_intel.so)" */
export function describeGpu({
  provider,
  drivers,
}: Pick<GpuVerdict & { readonly isFit: true }, "provider" | "drivers">): string {
  const { name } = PROFILES[provider];
  return drivers.length === 0 ? name : `${name} (${drivers.join(", ")})`;
}
