import { AnalysisThread } from "./analysis-worker.ts";

/**
 * Of JavaScript objects of an analysis, in MB; weights are not among them. A model within the
 * budgets of `onnx/budgets.ts` needs half of it.
 */
export const HEAP_MB = 768;

/** A thread without work ends after so long: a first look has three tasks in a row. */
const IDLE_MS = 2_000;
/** One that was started ahead: on a slow machine its first task takes as long to come. */
const AHEAD_MS = 30_000;

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
