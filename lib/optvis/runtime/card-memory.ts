import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** A driver that has to be woken first takes a few seconds. */
const PATIENCE_MS = 20_000;

const MEBIBYTE = 2 ** 20;

let free: Promise<number | null> | null = null;

/** As `cardBytes`, before this process and its children take any of it: asked once. */
export function freeCardBytes(): Promise<number | null> {
  free ??= cardBytes("free");
  return free;
}

/**
 * Memory of this machine's NVIDIA card in bytes, as nvidia-smi tells it. Of several cards that of
 * the least: it is not known which one CUDA puts first.
 *
 * @param which `free`: what no process has taken so far
 * @returns `null` where there is no nvidia-smi, or where it does not tell, as of a share of a card
 */
export async function cardBytes(which: "free" | "total"): Promise<number | null> {
  const words = [`--query-gpu=memory.${which}`, "--format=csv,noheader,nounits"];
  try {
    const { stdout } = await promisify(execFile)("nvidia-smi", words, { timeout: PATIENCE_MS });
    const told = stdout.trim().split("\n");
    const areNumbers = told.every((line) => /^\s*\d+\s*$/.test(line));
    return areNumbers ? Math.min(...told.map(Number)) * MEBIBYTE : null;
  } catch {
    // no such program, or no card that it knows of
    return null;
  }
}
