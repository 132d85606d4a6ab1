import { readFileSync } from "node:fs";
import { Worker } from "node:worker_threads";

import { startedFile } from "../../started-file.ts";
import type { AnalysisReply, AnalysisTask } from "./analysis-thread.ts";

/**
 * Of JavaScript objects of an analysis, in MB; weights are not among them. A model within the
 * budgets of `onnx/budgets.ts` needs half of it.
 */
export const HEAP_MB = 768;

/** After this time without work a thread ends: a first look has three tasks in a row. */
const IDLE_MS = 2_000;
/** One that was started ahead waits longer: on a slow machine its first task comes late. */
const AHEAD_MS = 30_000;

const LOOK_EVERY_MS = 50;
/** Of the clock ticks that Linux counts a thread's time in. */
const TICK_MS = 10;

/** A task takes more memory or time than it may; its thread is gone. */
export class OutOfBoundsError extends Error {
  override readonly name = "OutOfBoundsError";
}

interface TimeBounds {
  readonly deadlineMs: number;
  readonly cpuMs: number;
}

type Answer = Exclude<AnalysisReply, { readonly kind: "ready" }>;

/** A thread that analyses models, one task at a time. */
export class AnalysisThread {
  readonly heapMb: number;
  readonly #worker: Worker;
  #systemId: number | null = null;
  #isReady = false;
  #hasEnded = false;

  constructor(heapMb: number) {
    this.heapMb = heapMb;
    this.#worker = new Worker(startedFile("analysis-thread", import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: heapMb },
    });
    this.#worker.on("message", (reply: AnalysisReply) => {
      if (reply.kind !== "ready") return;
      this.#systemId = reply.systemId;
      this.#isReady = true;
    });
    this.#worker.on("exit", () => (this.#hasEnded = true));
    // while it has a task, `run` hears of it
    this.#worker.on("error", () => undefined);
    // a listener to messages, too, would keep the process
    this.#worker.unref();
  }

  /** Whether it has loaded all that a task needs. */
  get isReady(): boolean {
    return this.#isReady;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  end(): void {
    void this.#worker.terminate();
  }

  /**
   * @throws OutOfBoundsError, after which the thread is of no use; another error if it ends by a
   *   fault
   */
  async run(task: AnalysisTask, { deadlineMs, cpuMs }: TimeBounds): Promise<Answer> {
    const worker = this.#worker;
    const done = new AbortController();
    const answer = new Promise<Answer>((resolve, reject) => {
      const refuse = (reason: string) => {
        reject(new OutOfBoundsError(reason));
        this.end();
      };
      let looks = 0;
      let startedCpuMs = this.#cpuMs();
      const look = setInterval(() => {
        const spent = this.#cpuMs() - startedCpuMs;
        if (spent > cpuMs) refuse(`its analysis takes longer than ${cpuMs / 1000} s of a core`);
        // not by a clock: a machine that slept, or a process that was stopped, looked once
        if (++looks * LOOK_EVERY_MS > deadlineMs) {
          refuse(`its analysis takes longer than ${deadlineMs / 1000} s`);
        }
      }, LOOK_EVERY_MS);
      const onMessage = (reply: AnalysisReply) => {
        if (reply.kind !== "ready") return resolve(reply);
        startedCpuMs = this.#cpuMs();
      };
      const onError = (error: NodeJS.ErrnoException) => {
        if (error.code !== "ERR_WORKER_OUT_OF_MEMORY") return reject(error);
        refuse(`its analysis takes more than ${this.heapMb} MB of memory`);
      };
      const onExit = (code: number) =>
        reject(new Error(`internal: the analysis of a model ended with code ${code}`));
      worker.on("message", onMessage).on("error", onError).on("exit", onExit);
      done.signal.addEventListener("abort", () => {
        clearInterval(look);
        worker.off("message", onMessage).off("error", onError).off("exit", onExit);
      });
    });
    worker.ref();
    try {
      worker.postMessage(task);
      return await answer;
    } finally {
      done.abort();
      worker.unref();
    }
  }

  /** What the thread has had of a core; 0 where the system does not tell. */
  #cpuMs(): number {
    if (this.#systemId === null) return 0;
    try {
      const stat = readFileSync(`/proc/self/task/${this.#systemId}/stat`, "latin1");
      // user and system time, after a name that may have spaces in it
      const fields = stat.slice(stat.lastIndexOf(")")).split(" ");
      return (Number(fields[12]) + Number(fields[13])) * TICK_MS;
    } catch {
      return 0;
    }
  }
}

let idle: { readonly thread: AnalysisThread; readonly end: NodeJS.Timeout } | null = null;

/** The thread that waits for work, or a new one. */
export function takeThread(heapMb: number): AnalysisThread {
  const waiting = idle;
  idle = null;
  if (waiting) clearTimeout(waiting.end);
  if (waiting?.thread.heapMb === heapMb && !waiting.thread.hasEnded) return waiting.thread;
  waiting?.thread.end();
  return new AnalysisThread(heapMb);
}

/** Lets a thread wait for work. */
export function keepThread(thread: AnalysisThread, idleMs = IDLE_MS): void {
  const end = setTimeout(() => {
    if (idle?.thread === thread) idle = null;
    thread.end();
  }, idleMs).unref();
  idle = { thread, end };
}

/** Starts a thread that is wanted soon: it loads what it runs while there is other work. */
export function startAnalysisAhead(): void {
  if (idle === null) keepThread(new AnalysisThread(HEAP_MB), AHEAD_MS);
}
