import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";

import type { Provider } from "../../autodiff/provider.ts";
import { messageOf } from "../../onnx/errors.ts";
import type { BoolTensor, FloatTensor, Int64Tensor } from "../../onnx/tensor.ts";
import { GpuUnavailableError, isOutOfMemory, OutOfMemoryError, RuntimeError } from "./errors.ts";
import { PROFILES } from "./providers.ts";
import { turnTelemetryOff } from "./telemetry.ts";

/** A tensor that goes into or comes out of ONNX Runtime. */
export type RuntimeTensor = FloatTensor | Int64Tensor | BoolTensor;
export type Feeds = Readonly<Record<string, RuntimeTensor>>;

/** One graph compiled by ONNX Runtime. The only file of lib that runs onnxruntime-node. */
export class Session {
  readonly #session: InferenceSession;

  private constructor(session: InferenceSession) {
    this.#session = session;
  }

  /**
   * Compiles `model` (an .onnx file's path or its bytes) for one provider. What the provider has no
   * kernel for, ONNX Runtime runs on the CPU, with a copy there and back and without a word: what is
   * written for a provider is to hold nothing of that.
   *
   * @param keepsMemory whether what a run took is kept for the next one; giving it back costs time
   * @throws GpuUnavailableError, OutOfMemoryError, RuntimeError
   */
  static async create(
    model: string | Uint8Array,
    provider: Provider,
    { keepsMemory = true } = {},
  ): Promise<Session> {
    const { name, sessionOptions, missing } = PROFILES[provider];
    turnTelemetryOff();
    try {
      const session = await createSession(model, {
        // planned memory blocks cost a third more memory and gain no time
        enableMemPattern: false,
        enableCpuMemArena: keepsMemory,
        graphOptimizationLevel: "all",
        executionMode: "sequential",
        logSeverityLevel: 3,
        ...sessionOptions,
      });
      return new Session(session);
    } catch (error) {
      const reason = messageOf(error);
      if (missing?.test(reason) && !isOutOfMemory(reason)) {
        throw new GpuUnavailableError(
          `${name} is not available to ONNX Runtime here: ${adapterProblem(reason)}; use the CPU`,
          { cause: error },
        );
      }
      throw failure("refused the graph", reason, error);
    }
  }

  /** Runs the graph; outputs by name. @throws OutOfMemoryError, RuntimeError */
  async run(feeds: Feeds): Promise<Record<string, RuntimeTensor>> {
    const inputs = Object.fromEntries(
      Object.entries(feeds).map(([name, { type, shape, data }]) => [
        name,
        new OrtTensor(type, data, shape),
      ]),
    );
    let results: Awaited<ReturnType<InferenceSession["run"]>>;
    try {
      results = await this.#session.run(inputs);
    } catch (error) {
      throw failure("failed", messageOf(error), error);
    }
    return Object.fromEntries(
      Object.entries(results).map(([name, tensor]) => [name, fromRuntime(name, tensor)]),
    );
  }

  /** Frees the native memory. */
  async release(): Promise<void> {
    await this.#session.release();
  }
}

/** What ONNX Runtime has one function for, and TypeScript two. */
function createSession(model: string | Uint8Array, options: InferenceSession.SessionOptions) {
  return typeof model === "string"
    ? InferenceSession.create(model, options)
    : InferenceSession.create(model, options);
}

function fromRuntime(name: string, { dims: shape, data }: OrtTensor): RuntimeTensor {
  if (data instanceof Float32Array) return { type: "float32", shape, data };
  if (data instanceof BigInt64Array) return { type: "int64", shape, data };
  if (data instanceof Uint8Array) return { type: "bool", shape, data };
  throw new Error(`internal: output '${name}' has a type we do not read`);
}

/** What was wrong, without the place in ONNX Runtime's source. */
function adapterProblem(reason: string): string {
  return firstLine(reason.replace(/^.*was false\. |^OrtSessionOptions\w+: /s, ""));
}

function failure(what: string, reason: string, cause: unknown): RuntimeError {
  const line = firstLine(reason);
  return isOutOfMemory(reason)
    ? new OutOfMemoryError(`ONNX Runtime ran out of memory: ${line}`, { cause })
    : new RuntimeError(`ONNX Runtime ${what}: ${line}`, { cause });
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0]!.trim();
}
