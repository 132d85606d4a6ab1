import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import type { Model } from "./model.ts";

/** Looking for what nobody uses takes some ten milliseconds. */
const COLLECT_EVERY_BYTES = 16e6;

let letGo = 0;

/**
 * Says that this thread has no more use for so many bytes of shared memory. V8 counts none of it as
 * a thread's own, so that nothing ever makes it look for what nobody uses: without this, a process
 * that has had a hundred networks open still holds most of them.
 */
export function releaseShared(bytes: number): void {
  letGo += bytes;
  if (letGo < COLLECT_EVERY_BYTES) return;
  letGo = 0;
  collectGarbage();
}

/** Of all tensors of a model, those that share memory counted once. */
export function tensorBytes({ graph, folded }: Pick<Model, "graph" | "folded">): number {
  const buffers = new Set<ArrayBufferLike>();
  for (const tensor of [...graph.initializers.values(), ...folded.values()]) {
    if (tensor.type !== "opaque") buffers.add(tensor.data.buffer);
  }
  return [...buffers].reduce((sum, { byteLength }) => sum + byteLength, 0);
}

/** Node has it under a flag alone, which may be set at any time; new contexts then have it. */
function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
}
