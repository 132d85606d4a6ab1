import { execFileSync } from "node:child_process";
import { totalmem } from "node:os";

/** The three levels of any layer of GoogLeNet; levels take turns. */
const MOST_BYTES = 900e6;

/** Of all memory. What sessions take by estimate is half as much again as they do take. */
const SHARE = 0.6;

/**
 * Of a card's memory: ONNX Runtime's arena there grows in powers of two, and cuDNN's workspaces come
 * on top. The example's sheets on GoogLeNet, in batches of up to 32 images, take 4 GB by estimate.
 */
const CARD_SHARE = 0.25;

const MEBIBYTE = 2 ** 20;

/** How much memory of this machine, or container, the sessions of each of its workers keep. */
export function keptBytesOf(workers: number): number {
  // no limit is 0 to some versions of Node, and more than there is to others
  const limit = process.constrainedMemory() || Infinity;
  return Math.floor(Math.min(MOST_BYTES, (SHARE * Math.min(totalmem(), limit)) / workers));
}

/**
 * How much of an NVIDIA card's memory its worker's sessions keep. Batches of many images take far
 * more than an image on the CPU does, and each session that makes room is seconds of cuDNN's search
 * for algorithms when it is wanted again. Waits for nvidia-smi: to be called in a session's thread.
 *
 * @param otherwise where the card's memory cannot be told
 */
export function keptBytesOnCard(otherwise: number): number {
  try {
    const words = ["--query-gpu=memory.total", "--format=csv,noheader,nounits"];
    const told = execFileSync("nvidia-smi", words, { encoding: "utf8", stdio: "pipe" });
    // of several cards it is not known which one CUDA puts first
    const least = Math.min(...told.trim().split("\n").map(Number)) * MEBIBYTE;
    return least > 0 ? Math.max(otherwise, CARD_SHARE * least) : otherwise;
  } catch {
    // no nvidia-smi, or no card that it knows of
    return otherwise;
  }
}
