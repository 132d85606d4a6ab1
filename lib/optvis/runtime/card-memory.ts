import { execFile } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
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

interface CardOptions {
  /** @default the process's */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly patienceMs?: number;
}

/**
 * Memory in bytes, as nvidia-smi tells it, of the NVIDIA card that CUDA puts first here. Where it is
 * not known which of several that is, of the one that has least.
 *
 * @param which `free`: what no process has taken so far
 * @returns `null` where there is no nvidia-smi, or where it does not tell, as of a share of a card
 */
export async function cardBytes(
  which: "free" | "total",
  { env = process.env, patienceMs = PATIENCE_MS }: CardOptions = {},
): Promise<number | null> {
  const words = [
    `--query-gpu=memory.${which},mig.mode.current,uuid,name`,
    "--format=csv,noheader,nounits",
  ];
  const limits = { timeout: patienceMs, killSignal: "SIGKILL" } as const;
  const asked = promisify(execFile)("nvidia-smi", words, limits).then(
    ({ stdout }) => stdout,
    // no such program, or no card that it knows of
    () => null,
  );
  // a program that its driver does not let go of outlives its end
  const told = await Promise.race([asked, sleep(1.5 * patienceMs, null, { ref: false })]);
  const cards = told === null ? [] : firstCards(told.trim().split("\n").map(cardOf), env);
  const bytes = cards.map(({ mebibytes }) => mebibytes * MEBIBYTE);
  return cards.length > 0 && bytes.every(Number.isFinite) ? Math.min(...bytes) : null;
}

interface Card {
  /** NaN: it does not tell. */
  readonly mebibytes: number;
  readonly uuid: string;
  readonly name: string;
}

function cardOf(line: string): Card {
  const [memory = "", mig = "", uuid = "", ...name] = line.split(",").map((word) => word.trim());
  // cut into slices, each has less, and is no line of its own
  const isTold = /^\d+$/.test(memory) && mig !== "Enabled";
  return { mebibytes: isTold ? Number(memory) : Number.NaN, uuid, name: name.join(",") };
}

/**
 * Those of the cards, in the order of their slots, of which one is CUDA's first; none if it is none.
 *
 * Source: CUDA C++ Programming Guide, "CUDA Environment Variables"
 */
function firstCards(
  cards: readonly Card[],
  env: Readonly<Record<string, string | undefined>>,
): readonly Card[] {
  const [first = ""] = (env["CUDA_VISIBLE_DEVICES"] ?? "0").split(",").map((word) => word.trim());
  // an identifier may be cut short
  if (first.startsWith("GPU-")) return cards.filter(({ uuid }) => uuid.startsWith(first));
  if (!/^\d+$/.test(first)) return [];
  // unless it is told otherwise, CUDA puts the fastest first
  const isBySlot =
    env["CUDA_DEVICE_ORDER"] === "PCI_BUS_ID" || cards.every(({ name }) => name === cards[0]!.name);
  return isBySlot ? cards.slice(Number(first)).slice(0, 1) : cards;
}
