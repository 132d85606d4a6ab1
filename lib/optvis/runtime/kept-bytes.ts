import { totalmem } from "node:os";

/**
 * The three levels of any layer of GoogLeNet: they take turns, each compiled in some iterations.
 */
const MOST_BYTES = 900e6;

/** Of all memory. What sessions take by estimate is half as much again as they do take. */
const SHARE = 0.6;

/**
 * How much of the memory of this machine, or container, the sessions of each of its workers keep.
 */
export function keptBytesOf(workers: number): number {
  // no limit is 0 to some versions of Node, and more than there is to others
  const limit = process.constrainedMemory() || Infinity;
  return Math.min(MOST_BYTES, (SHARE * Math.min(totalmem(), limit)) / workers);
}
