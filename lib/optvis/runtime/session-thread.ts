import { parentPort } from "node:worker_threads";

import type { Provider } from "../../autodiff/provider.ts";
import { buffersOf } from "./buffers.ts";
import { CudaUnavailableError, type Feeds, type RuntimeTensor, Session } from "./session.ts";

/** What a worker asks of its thread. Every request is answered once, in order. */
export type ThreadRequest =
  | {
      readonly kind: "create";
      readonly key: string;
      readonly model: Uint8Array;
      readonly provider: Provider;
      readonly keepsMemory: boolean | undefined;
    }
  | { readonly kind: "run"; readonly key: string; readonly feeds: Feeds }
  | { readonly kind: "release"; readonly key: string };

export type ThreadReply =
  | { readonly kind: "done"; readonly outputs: Readonly<Record<string, RuntimeTensor>> }
  | { readonly kind: "failed"; readonly message: string; readonly isCudaMissing: boolean };

const sessions = new Map<string, Session>();

/**
 * Thread that owns ONNX Runtime sessions: onnxruntime-node's `run` blocks the thread that calls it,
 * so each core's session lives in a thread of its own and the main one stays free.
 */
async function answer(request: ThreadRequest): Promise<ThreadReply> {
  try {
    return { kind: "done", outputs: await carryOut(request) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { kind: "failed", message, isCudaMissing: error instanceof CudaUnavailableError };
  }
}

async function carryOut(request: ThreadRequest): Promise<Record<string, RuntimeTensor>> {
  switch (request.kind) {
    case "create": {
      const { key, model, provider, keepsMemory } = request;
      sessions.set(key, await Session.create(model, provider, { keepsMemory }));
      return {};
    }
    case "run": {
      const session = sessions.get(request.key);
      if (!session) throw new Error(`internal: no session '${request.key}' in this thread`);
      return session.run(request.feeds);
    }
    case "release": {
      await sessions.get(request.key)?.release();
      sessions.delete(request.key);
      return {};
    }
    default:
      return request satisfies never;
  }
}

const port = parentPort;
if (port) {
  const answerAfter = async (earlier: Promise<void>, request: ThreadRequest): Promise<void> => {
    await earlier;
    const reply = await answer(request);
    const moved = reply.kind === "done" ? buffersOf(reply.outputs, Object.keys(reply.outputs)) : [];
    port.postMessage(reply, moved);
  };
  let queue = Promise.resolve();
  port.on("message", (request: ThreadRequest) => {
    queue = answerAfter(queue, request);
  });
}
