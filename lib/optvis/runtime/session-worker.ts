import { Worker } from "node:worker_threads";

import type { Provider } from "../../autodiff/provider.ts";
import type { WorkerReply, WorkerRequest } from "./session-thread.ts";
import { CudaUnavailableError, type Feeds, RuntimeError, type RuntimeTensor } from "./session.ts";

/**
 * Bytes of .onnx files that a lane keeps compiled; the least recently used one makes room. ONNX
 * Runtime holds some five times as much (weights in blocked layout, activations), so a lane with
 * GoogLeNet's classifier (52 MB) keeps one session, with emojinet several.
 */
const KEEP_MODEL_BYTES = 100e6;

interface Pending {
  readonly resolve: (outputs: Readonly<Record<string, RuntimeTensor>>) => void;
  readonly reject: (reason: Error) => void;
}

/** A thread with its cache of compiled graphs. Runs one request at a time, in order. */
export class SessionLane {
  readonly #worker: Worker;
  readonly #pending: Pending[] = [];
  /** In order of last use. */
  readonly #loaded = new Map<
    string,
    { readonly ready: Promise<unknown>; readonly bytes: number }
  >();
  #failure: Error | null = null;

  constructor() {
    this.#worker = startWorker();
    this.#worker.on("message", (reply: WorkerReply) => this.#settle(reply));
    this.#worker.on("error", (error: Error) => this.#fail(error));
    this.#worker.on("exit", (code) => this.#fail(new Error(`the thread ended with code ${code}`)));
    this.#worker.unref();
  }

  /**
   * Runs the graph known as `key`, compiling what `model` gives on its first use here.
   *
   * @throws CudaUnavailableError, RuntimeError
   */
  async run(
    key: string,
    provider: Provider,
    model: () => Uint8Array,
    feeds: Feeds,
  ): Promise<Readonly<Record<string, RuntimeTensor>>> {
    const loaded = this.#loaded.get(key) ?? (await this.#load(key, provider, model()));
    this.#loaded.delete(key);
    this.#loaded.set(key, loaded);
    try {
      await loaded.ready;
    } catch (error) {
      this.#loaded.delete(key);
      throw error;
    }
    return this.#request({ kind: "run", key, feeds });
  }

  has(key: string): boolean {
    return this.#loaded.has(key);
  }

  /** Whether its thread is gone. */
  get isBroken(): boolean {
    return this.#failure !== null;
  }

  /**
   * Ends the thread. What is asked of it from now on is refused; what it is at is awaited, because a
   * thread that is stopped inside ONNX Runtime takes the whole process down.
   */
  async close(): Promise<void> {
    this.#failure ??= new Error("the lane is closed");
    await this.#idle();
    await this.#worker.terminate();
  }

  #idle(): Promise<void> {
    if (this.#pending.length === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const settled = () => void (this.#pending.length === 0 && resolve());
      this.#worker.on("message", settled);
      this.#worker.on("exit", () => resolve());
    });
  }

  /** Makes room, then compiles. */
  async #load(key: string, provider: Provider, model: Uint8Array) {
    let bytes = [...this.#loaded.values()].reduce((sum, each) => sum + each.bytes, model.length);
    for (const [oldest, each] of this.#loaded) {
      if (bytes <= KEEP_MODEL_BYTES) break;
      bytes -= each.bytes;
      this.#loaded.delete(oldest);
      await this.#request({ kind: "release", key: oldest });
    }
    return {
      ready: this.#request({ kind: "create", key, model, provider }),
      bytes: model.length,
    };
  }

  #request(request: WorkerRequest): Promise<Readonly<Record<string, RuntimeTensor>>> {
    if (this.#failure) return Promise.reject(this.#failure);
    this.#worker.ref();
    return new Promise((resolve, reject) => {
      this.#pending.push({ resolve, reject });
      this.#worker.postMessage(request);
    });
  }

  #settle(reply: WorkerReply): void {
    const pending = this.#pending.shift();
    if (this.#pending.length === 0) this.#worker.unref();
    if (!pending) throw new Error("internal: a reply without a request");
    if (reply.kind === "done") pending.resolve(reply.outputs);
    else if (reply.isCudaMissing) pending.reject(new CudaUnavailableError(reply.message));
    else pending.reject(new RuntimeError(reply.message));
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#pending.splice(0)) reject(this.#failure);
  }
}

/** From source the thread's file is TypeScript; in a bundle it lies beside this one. */
function startWorker(): Worker {
  const file = new URL(import.meta.url).pathname.endsWith(".ts")
    ? "./session-thread-from-source.mjs"
    : "./session-worker.mjs";
  return new Worker(new URL(file, import.meta.url));
}
