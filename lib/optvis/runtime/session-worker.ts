import { Worker } from "node:worker_threads";

import type { RandomKey } from "../random.ts";
import { startedFile } from "../../started-file.ts";
import { DriverWatch } from "./driver-watch.ts";
import { DriverHangError } from "./errors.ts";
import { keptBytesOf } from "./kept-bytes.ts";
import { leaveThread } from "./leave-process.ts";
import type { SessionGraph } from "./session-graph.ts";
import type { ThreadReply, ThreadRequest } from "./session-thread.ts";
import { buffersOf } from "./buffers.ts";
import type { Feeds, RuntimeTensor } from "./session.ts";
import { turnTelemetryOff } from "./telemetry.ts";
import { receivedError } from "./thread-errors.ts";

interface Pending {
  /** What is compiled or run; `null`: none, as a file is written or numbers are drawn. */
  readonly graph: SessionGraph | null;
  readonly resolve: (outputs: Readonly<Record<string, RuntimeTensor>>) => void;
  readonly reject: (reason: Error) => void;
}

export interface SessionWorkerOptions {
  /** Memory of the sessions that stay compiled. @default of one worker alone */
  readonly keptBytes?: number;
  /** What its thread runs, for tests. @default the sessions' own */
  readonly start?: () => Worker;
  /** Gives up what hangs. @default after ten minutes or more */
  readonly watch?: DriverWatch;
}

/** A thread of sessions, seen from outside. Runs one request at a time, in order. */
export class SessionWorker {
  readonly #thread: Worker;
  readonly #keptBytes: number;
  readonly #pending: Pending[] = [];
  /** Graphs that the thread has compiled, or has been asked to. */
  readonly #loaded = new Map<string, Promise<unknown>>();
  readonly #watch: DriverWatch;
  #failure: Error | null = null;
  /** Ends the watch over the first request that waits. */
  #stopWatch: () => void = () => undefined;
  /** Called when nothing waits any more. */
  readonly #whenIdle: (() => void)[] = [];

  constructor({
    keptBytes = keptBytesOf(1),
    start = nextThread,
    watch = new DriverWatch(),
  }: SessionWorkerOptions = {}) {
    this.#keptBytes = keptBytes;
    this.#watch = watch;
    this.#thread = start();
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
   *   DriverHangError, after which it is broken, RuntimeError; as `graphOf` does
   */
  async run(
    graph: SessionGraph,
    feeds: Feeds,
    moved: readonly string[] = [],
  ): Promise<Readonly<Record<string, RuntimeTensor>>> {
    await this.compile(graph);
    const request = { kind: "run", key: graph.key, feeds } as const;
    return this.#request(request, graph, buffersOf(feeds, moved));
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

  /**
   * Draws of the standard normal distribution, made in the thread: those of several workers at
   * once, and the calling thread stays free.
   */
  async draw(count: number, key: RandomKey): Promise<Float32Array> {
    const { draws } = await this.#request({ kind: "draw", count, key }, null);
    if (draws?.type !== "float32") throw new Error("internal: a thread that draws no numbers");
    return draws.data;
  }

  /** Builds a graph and writes it as an .onnx file. @throws as `graphOf` does */
  async write(graph: SessionGraph, path: string): Promise<void> {
    await this.#request({ kind: "write", graph, path }, null);
  }

  has(key: string): boolean {
    return this.#loaded.has(key);
  }

  /** Whether its thread is gone, or of no use. */
  get isBroken(): boolean {
    return this.#failure !== null;
  }

  /** What is wrong with the driver that its thread waits for; `null`: nothing. */
  get hang(): DriverHangError | null {
    return this.#failure instanceof DriverHangError ? this.#failure : null;
  }

  /**
   * Ends the thread. What is asked of it from now on is refused; what it is at is awaited, because
   * a thread that is stopped inside ONNX Runtime takes the whole process down. One that hangs there
   * is left to itself.
   */
  async close(): Promise<void> {
    this.#failure ??= new Error("the worker is closed");
    if (this.#pending.length > 0)
      await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
    if (this.hang === null) await this.#thread.terminate();
  }

  #load(graph: SessionGraph): Promise<unknown> {
    return this.#request({ kind: "create", graph, keptBytes: this.#keptBytes }, graph);
  }

  #request(
    request: ThreadRequest,
    graph: SessionGraph | null,
    moved: ArrayBuffer[] = [],
  ): Promise<Readonly<Record<string, RuntimeTensor>>> {
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      // first: to what cannot be sent there is no reply
      this.#thread.postMessage(request, moved);
      this.#thread.ref();
      this.#pending.push({ graph, resolve, reject });
      if (this.#pending.length === 1) this.#watchFirst();
    });
  }

  #settle(reply: ThreadReply): void {
    // a thread that was given up has come back, and nobody wants what it says
    if (this.hang !== null) return;
    this.#stopWatch();
    const pending = this.#pending.shift();
    if (!pending) throw new Error("internal: a reply without a request");
    for (const key of reply.released) this.#loaded.delete(key);
    if (reply.kind === "done") pending.resolve(reply.outputs);
    else pending.reject(receivedError(reply.error));
    if (this.#pending.length === 0) this.#becomeIdle();
    else this.#watchFirst();
  }

  /** The thread begins what has waited longest. */
  #watchFirst(): void {
    const { graph } = this.#pending[0]!;
    if (graph) this.#stopWatch = this.#watch.begin(graph, (error) => this.#giveUp(error));
  }

  #giveUp(hang: DriverHangError): void {
    const isBack = leaveThread();
    this.#thread.once("message", () => {
      isBack();
      void this.#thread.terminate();
    });
    // even of one that was being closed it is now known why it does not end
    this.#failure = hang;
    this.#fail(hang);
  }

  #fail(error: Error): void {
    this.#stopWatch();
    this.#failure ??= error;
    for (const { reject } of this.#pending.splice(0)) reject(this.#failure);
    this.#becomeIdle();
  }

  #becomeIdle(): void {
    this.#thread.unref();
    for (const resolve of this.#whenIdle.splice(0)) resolve();
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

function nextThread(): Worker {
  const thread = threadAhead ?? startThread();
  threadAhead = null;
  return thread;
}

function startThread(): Worker {
  turnTelemetryOff();
  return new Worker(startedFile("session-thread", import.meta.url));
}
