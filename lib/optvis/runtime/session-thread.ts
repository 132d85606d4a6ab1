import { writeFile } from "node:fs/promises";
import { parentPort } from "node:worker_threads";

import { encodeModel } from "../../onnx/encode.ts";
import { sharedTensor } from "../../onnx/share-weights.ts";
import { releaseShared, tensorBytes } from "../../onnx/shared-memory.ts";
import { graphOf } from "../graph/graph-recipe.ts";
import { passBytes } from "../graph/pass-memory.ts";
import { buffersOf } from "./buffers.ts";
import { type Feeds, type RuntimeTensor, Session } from "./session.ts";
import type { SessionGraph } from "./session-graph.ts";
import { type SentError, sentError } from "./thread-errors.ts";

/**
 * Memory of the sessions that a thread keeps compiled; the least recently used one makes room. A
 * thread with GoogLeNet's classifier (a file of 52 MB) keeps one, with emojinet several; two threads
 * of a worker in the cloud leave half of its 3,008 MB to large images.
 */
const KEEP_BYTES = 500e6;

/** What ONNX Runtime holds for a byte of an .onnx file: weights, also in blocked layout. */
const BYTES_PER_MODEL_BYTE = 5;

/**
 * What a session takes however small its file is, as bytes of such a file: a thread keeps a dozen,
 * more than a job has, and a service that has seen a hundred networks holds no more than after ten.
 */
const SESSION_BYTES = 8e6;

/** What a worker asks of its thread. Every request is answered once, in order. */
export type ThreadRequest =
  | { readonly kind: "create"; readonly graph: SessionGraph }
  | { readonly kind: "run"; readonly key: string; readonly feeds: Feeds }
  /** Builds a graph, and writes it as an .onnx file. */
  | { readonly kind: "write"; readonly graph: SessionGraph; readonly path: string };

type Outputs = Readonly<Record<string, RuntimeTensor>>;

export type ThreadReply = {
  /** Keys of sessions that made room. */
  readonly released: readonly string[];
} & (
  | { readonly kind: "done"; readonly outputs: Outputs }
  | { readonly kind: "failed"; readonly error: SentError }
);

/** In order of last use. */
const sessions = new Map<string, Compiled>();

interface Compiled {
  readonly session: Session;
  /** Of memory, by estimate. */
  readonly bytes: number;
  readonly sharesOutputs: boolean;
}

/**
 * Thread that owns ONNX Runtime sessions: onnxruntime-node's `run` blocks the thread that calls it,
 * so each core's session lives in a thread of its own and the main one stays free. The graphs are
 * built here too: with their weights they are hundreds of megabytes.
 */
async function answer(request: ThreadRequest): Promise<ThreadReply> {
  const released: string[] = [];
  try {
    return { kind: "done", outputs: await carryOut(request, released), released };
  } catch (error) {
    return { kind: "failed", error: sentError(error), released };
  }
}

async function carryOut(request: ThreadRequest, released: string[]): Promise<Outputs> {
  if (request.kind === "run") return run(request.key, request.feeds);
  if (request.kind === "write") {
    await writeFile(request.path, encodeModel(graphOf(request.graph.recipe)));
    return {};
  }
  const { key, recipe, provider, keepsMemory, sharesOutputs = false } = request.graph;
  const model = encodeModel(graphOf(recipe));
  const activations = "pass" in recipe && keepsMemory !== false ? passBytes(recipe.pass) : 0;
  const bytes = BYTES_PER_MODEL_BYTE * (model.length + SESSION_BYTES) + activations;
  for await (const oldest of makeRoom(bytes, keepsMemory)) released.push(oldest);
  const session = await Session.create(model, provider, { keepsMemory });
  sessions.set(key, { session, bytes, sharesOutputs });
  // the network that it was made of
  if ("pass" in recipe) releaseShared(tensorBytes(recipe.pass.model));
  return {};
}

async function run(key: string, feeds: Feeds): Promise<Outputs> {
  const compiled = sessions.get(key);
  if (!compiled) throw new Error(`internal: no session '${key}' in this thread`);
  sessions.delete(key);
  sessions.set(key, compiled);
  const outputs = await compiled.session.run(feeds);
  if (!compiled.sharesOutputs) return outputs;
  return Object.fromEntries(
    Object.entries(outputs).map(([name, tensor]) => [name, sharedTensor(tensor)]),
  );
}

/** @returns keys of the sessions that are released for so many bytes, one by one */
async function* makeRoom(forBytes: number, keepsMemory = true): AsyncGenerator<string> {
  const loaded = [...sessions];
  let bytes = loaded.reduce((sum, [, each]) => sum + each.bytes, forBytes);
  // what turns coefficients into an image takes no place of the ascent, which may go on after it
  for (const [key, oldest] of keepsMemory ? loaded : loaded.slice(0, -1)) {
    if (bytes <= KEEP_BYTES) return;
    bytes -= oldest.bytes;
    sessions.delete(key);
    await oldest.session.release();
    yield key;
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
