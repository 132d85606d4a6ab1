import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { arch, platform, release } from "node:os";
import { dirname } from "node:path";
import * as z from "zod";

/** A new driver or card is found after that at the latest. */
const KEPT_MS = 24 * 3600 * 1000;

const remembered = z.strictObject({
  machine: z.string(),
  at: z.iso.datetime(),
  reason: z.string(),
});

/**
 * Why a machine renders on the CPU, from one process to the next: to try an adapter that software
 * plays takes many seconds of all cores. That a card is of use is never remembered: it is tried
 * again by every process, whose own it may crash otherwise.
 */
export class GateMemory {
  readonly #path: string;
  readonly #machine: string;
  readonly #now: () => Date;

  /** @param env what else decides which drivers are found */
  constructor(
    path: string,
    env: Readonly<Record<string, string | undefined>>,
    now: () => Date = () => new Date(),
  ) {
    const variables = ["VK_ICD_FILENAMES", "VK_DRIVER_FILES", "LD_LIBRARY_PATH"];
    const settings = variables.map((name) => env[name] ?? "");
    this.#machine = JSON.stringify([platform(), arch(), release(), ...settings]);
    this.#path = path;
    this.#now = now;
  }

  /** `null`: nothing is known, or it is of another machine, too old, or damaged. */
  async reason(): Promise<string | null> {
    try {
      const { machine, at, reason } = remembered.parse(
        JSON.parse(await readFile(this.#path, "utf8")),
      );
      const age = this.#now().getTime() - new Date(at).getTime();
      return machine === this.#machine && age >= 0 && age < KEPT_MS ? reason : null;
    } catch {
      return null;
    }
  }

  /** @param reason `null`: the machine renders on its GPU */
  async keep(reason: string | null): Promise<void> {
    const part = `${this.#path}.${process.pid}.part`;
    try {
      if (reason === null) return await rm(this.#path, { force: true });
      await mkdir(dirname(this.#path), { recursive: true });
      const at = this.#now().toISOString();
      await writeFile(part, JSON.stringify({ machine: this.#machine, at, reason }));
      return await rename(part, this.#path);
    } catch {
      // a cache that cannot be written costs time and nothing else
      return await rm(part, { force: true }).catch(() => undefined);
    }
  }
}
