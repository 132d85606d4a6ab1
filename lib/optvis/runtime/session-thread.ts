import { writeFile } from "node:fs/promises";
import { parentPort } from "node:worker_threads";

import { encodeModel } from "../../onnx/encode.ts";
import { floatTensor } from "../../onnx/tensor.ts";
import { type RandomKey, standardNormal, uniformFrom } from "../random.ts";
import { sharedTensor } from "../../onnx/share-weights.ts";
import { releaseShared, tensorBytes } from "../../onnx/shared-memory.ts";
import { graphOf, type GraphRecipe } from "../graph/graph-recipe.ts";
import { forwardBytes, passBytes } from "../graph/pass-memory.ts";
import { buffersOf } from "./buffers.ts";
import { OutOfMemoryError } from "./errors.ts";
import { keptBytesOnCard } from "./kept-bytes.ts";
import { withModelFile } from "./model-file.ts";
import { type Feeds, type RuntimeTensor, Session } from "./session.ts";
import type { SessionGraph } from "./session-graph.ts";
import { type SentError, sentError } from "./thread-errors.ts";

/** What ONNX Runtime holds for a byte of an .onnx file whose weights are apart. */
const BYTES_PER_MODEL_BYTE = 2;

/** What a session takes beside its file's bytes and its activations. */
const SESSION_BYTES = 40e6;

/**
 * Sessions at most, however small they are: more than a job has, and a service that has seen a
 * hundred networks holds little more than after ten. On a card a job has a graph for each size of
 * its batches: the example's four sheets on GoogLeNet have twelve graphs.
 */
const MOST_SESSIONS = { host: 8, card: 16 };

/** What a worker asks of its thread. Every request is answered once, in order. */
export type ThreadRequest =
  | {
      readonly kind: "create";
      readonly graph: SessionGraph;
      /** Memory of the sessions that stay compiled; the least recently used one makes room. */
      readonly keptBytes: number;
    }
  | { readonly kind: "run"; readonly key: string; readonly feeds: Feeds }
  /** Draws numbers of the standard normal distribution. */
  | { readonly kind: "draw"; readonly count: number; readonly key: RandomKey }
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

/** Kinds of graphs without a backward pass. */
const IS_FORWARD: Readonly<Record<GraphRecipe["kind"], boolean>> = {
  ascent: false,
  "channel means": true,
  maxima: true,
  layer: true,
  attribution: false,
  reach: false,
  slope: false,
  "fourier image": true,
  ellipses: true,
  graph: false,
};

/** In order of last use. */
const sessions = new Map<string, Compiled>();

/** `null`: not asked for yet. A thread has sessions of one provider. */
let keptOnCard: number | null = null;

interface Compiled {
  readonly session: Session;
  /** Of memory, by estimate. */
  readonly bytes: number;
  readonly sharesOutputs: boolean;
  readonly isForward: boolean;
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
    // what a session has taken it gives back with its end alone, and a smaller graph may be next
    if (error instanceof OutOfMemoryError) {
      for await (const key of makeRoom({ bytes: Infinity, isForward: false }, 0))
        released.push(key);
    }
    return { kind: "failed", error: sentError(error), released };
  }
}

async function carryOut(request: ThreadRequest, released: string[]): Promise<Outputs> {
  if (request.kind === "run") return run(request.key, request.feeds);
  if (request.kind === "draw") {
    const { count, key } = request;
    return { draws: floatTensor([count], standardNormal(count, uniformFrom(...key))) };
  }
  if (request.kind === "write") {
    await writeFile(request.path, encodeModel(graphOf(request.graph.recipe)));
    return {};
  }
  const { key, recipe } = request.graph;
  sessions.set(key, await compile(request, released));
  // of the network that it was made of
  if ("pass" in recipe) releaseShared(tensorBytes(recipe.pass.model));
  return {};
}

function activationBytes(recipe: GraphRecipe): number {
  if (!("pass" in recipe)) return 0;
  return IS_FORWARD[recipe.kind] ? forwardBytes(recipe.pass) : passBytes(recipe.pass);
}

async function compile(
  { graph, keptBytes }: Extract<ThreadRequest, { readonly kind: "create" }>,
  released: string[],
): Promise<Compiled> {
  const { recipe, provider, keepsMemory, sharesOutputs = false } = graph;
  return withModelFile(recipe, async (file) => {
    const isForward = IS_FORWARD[recipe.kind];
    const activations = keepsMemory === false ? 0 : activationBytes(recipe);
    const estimate = SESSION_BYTES + BYTES_PER_MODEL_BYTE * file.bytes + activations;
    const isOnCard = provider === "cuda";
    const room = isOnCard ? (keptOnCard ??= await keptBytesOnCard(keptBytes)) : keptBytes;
    const bytes = Math.max(estimate, room / MOST_SESSIONS[isOnCard ? "card" : "host"]);
    for await (const oldest of makeRoom({ bytes, isForward }, room)) released.push(oldest);
    const session = await Session.create(file.path, provider, { keepsMemory });
    return { session, bytes, sharesOutputs, isForward };
  });
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

/**
 * What goes forward alone looks at an ascent's image, or makes it of its coefficients: it takes no
 * place of the last ascent, which goes on after it.
 *
 * @returns keys of the sessions that are released for another, one by one
 */
async function* makeRoom(
  { bytes: forBytes, isForward }: Pick<Compiled, "bytes" | "isForward">,
  keptBytes: number,
): AsyncGenerator<string> {
  const loaded = [...sessions];
  const kept = isForward ? loaded.findLast(([, each]) => !each.isForward) : undefined;
  let bytes = loaded.reduce((sum, [, each]) => sum + each.bytes, forBytes);
  for (const entry of loaded) {
    if (bytes <= keptBytes) return;
    if (entry === kept) continue;
    const [key, oldest] = entry;
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
