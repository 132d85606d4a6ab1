import { Worker } from "node:worker_threads";

import type { SessionGraph } from "./session-graph.ts";
import { keptBytesOf } from "./kept-bytes.ts";
import type { ThreadReply, ThreadRequest } from "./session-thread.ts";
import { buffersOf } from "./buffers.ts";
import type { Feeds, RuntimeTensor } from "./session.ts";
import { turnTelemetryOff } from "./telemetry.ts";
import { receivedError } from "./thread-errors.ts";

interface Pending {
  readonly resolve: (outputs: Readonly<Record<string, RuntimeTensor>>) => void;
  readonly reject: (reason: Error) => void;
}

/** A thread of sessions, seen from outside. Runs one request at a time, in order. */
export class SessionWorker {
  readonly #thread: Worker;
  readonly #keptBytes: number;
  readonly #pending: Pending[] = [];
  /** Graphs that the thread has compiled, or has been asked to. */
  readonly #loaded = new Map<string, Promise<unknown>>();
  #failure: Error | null = null;

  /** @param keptBytes memory of the sessions that stay compiled. @default of one worker alone */
  constructor(keptBytes = keptBytesOf(1)) {
    this.#keptBytes = keptBytes;
    this.#thread = threadAhead ?? startThread();
    threadAhead = null;
    this.#thread.on("message", (reply: ThreadReply) => this.#settle(reply));
    this.#thread.on("error", (error: Error) => this.#fail(error));
    this.#thread.on("exit", (code) => this.#fail(new Error(`the thread ended with code ${code}`)));
    this.#thread.unref();
  }

  /**
   * Runs a graph, which is compiled on its first use here.
   *
   * @param moved names of feeds whose buffers go over to the thread instead of being copied: they
   *   are of no use to the caller afterwards. @default none
   * @throws GpuUnavailableError, OutOfMemoryError, after which it has no graph compiled,
   *   RuntimeError; as `graphOf` does
   */
  async run(
    graph: SessionGraph,
    feeds: Feeds,
    moved: readonly string[] = [],
  ): Promise<Readonly<Record<string, RuntimeTensor>>> {
    await this.compile(graph);
    return this.#request({ kind: "run", key: graph.key, feeds }, buffersOf(feeds, moved));
  }

  /** Compiles a graph that has not been compiled here. @throws as `run` does */
  async compile(graph: SessionGraph): Promise<void> {
    const { key } = graph;
    const loaded = this.#loaded.get(key) ?? this.#load(graph);
    this.#loaded.set(key, loaded);
    try {
      await loaded;
    } catch (error) {
      this.#loaded.delete(key);
      throw error;
    }
  }

  /** Builds a graph and writes it as an .onnx file. @throws as `graphOf` does */
  async write(graph: SessionGraph, path: string): Promise<void> {
    await this.#request({ kind: "write", graph, path });
  }

  has(key: string): boolean {
    return this.#loaded.has(key);
  }

  /** Whether its thread is gone. */
  get isBroken(): boolean {
    return this.#failure !== null;
  }

  /**
   * Ends the thread. What is asked of it from now on is refused; what it is at is awaited, because
   * a thread that is stopped inside ONNX Runtime takes the whole process down.
   */
  async close(): Promise<void> {
    this.#failure ??= new Error("the worker is closed");
    await this.#idle();
    await this.#thread.terminate();
  }

  #idle(): Promise<void> {
    if (this.#pending.length === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const settled = () => void (this.#pending.length === 0 && resolve());
      this.#thread.on("message", settled);
      this.#thread.on("exit", () => resolve());
    });
  }

  #load(graph: SessionGraph): Promise<unknown> {
    return this.#request({ kind: "create", graph, keptBytes: this.#keptBytes });
  }

  #request(
    request: ThreadRequest,
    moved: ArrayBuffer[] = [],
  ): Promise<Readonly<Record<string, RuntimeTensor>>> {
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      // first: to what cannot be sent there is no reply
      this.#thread.postMessage(request, moved);
      this.#thread.ref();
      this.#pending.push({ resolve, reject });
    });
  }

  #settle(reply: ThreadReply): void {
    const pending = this.#pending.shift();
    if (this.#pending.length === 0) this.#thread.unref();
    if (!pending) throw new Error("internal: a reply without a request");
    for (const key of reply.released) this.#loaded.delete(key);
    if (reply.kind === "done") pending.resolve(reply.outputs);
    else pending.reject(receivedError(reply.error));
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#pending.splice(0)) reject(this.#failure);
  }
}

let threadAhead: Worker | null = null;

/** Starts the thread of the next worker: it loads what it runs while there is other work. */
export function startThreadAhead(): void {
  if (threadAhead !== null) return;
  const thread = startThread();
  thread.unref();
  const forget = () => {
    if (threadAhead === thread) threadAhead = null;
  };
  // a worker that has it by then hears of it too
  thread.on("error", forget).on("exit", forget);
  threadAhead = thread;
}

/** From source the thread's file is TypeScript; in a bundle it lies beside this one. */
function startThread(): Worker {
  const file = new URL(import.meta.url).pathname.endsWith(".ts")
    ? "./session-thread-from-source.mjs"
    : "./session-thread.mjs";
  turnTelemetryOff();
  return new Worker(new URL(file, import.meta.url));
}
