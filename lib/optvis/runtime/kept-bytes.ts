import { cardBytes } from "./card-memory.ts";
import { machineBytes } from "./machine-memory.ts";

/** The three levels of any layer of GoogLeNet; levels take turns. */
const MOST_BYTES = 900e6;

/** Of all memory. What sessions take by estimate is half as much again as they do take. */
const SHARE = 0.6;

/**
 * Of a card's memory: ONNX Runtime's arena there grows in powers of two, and cuDNN's workspaces
 * come on top. The example's sheets on GoogLeNet, in batches of up to 32 images, take 4 GB by
 * estimate.
 */
const CARD_SHARE = 0.25;

/** How much memory of this machine, or container, the sessions of each of its workers keep. */
export function keptBytesOf(workers: number): number {
  return Math.floor(Math.min(MOST_BYTES, (SHARE * machineBytes()) / workers));
}

/**
 * How much of an NVIDIA card's memory its worker's sessions keep. Batches of many images take far
 * more than an image on the CPU does, and each session that makes room is seconds of cuDNN's search
 * for algorithms when it is wanted again.
 *
 * @param otherwise where the card's memory cannot be told
 */
export async function keptBytesOnCard(otherwise: number): Promise<number> {
  const total = await cardBytes("total");
  return total === null ? otherwise : Math.max(otherwise, CARD_SHARE * total);
}
