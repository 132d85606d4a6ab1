import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { arch, hostname, platform, release } from "node:os";
import { dirname } from "node:path";
import * as z from "zod";

import packageJson from "../../../package.json" with { type: "json" };
import { graphicsHere } from "./graphics-here.ts";

/** A new driver or card is found after that at the latest, where the system does not tell. */
const KEPT_MS = 24 * 3600 * 1000;

/** ONNX Runtime, whose providers are tried. */
const RUNTIME = packageJson.devDependencies["onnxruntime-node"];

/** What decides which drivers are loaded, and which cards they show. */
const SETTINGS = [
  "CUDA_VISIBLE_DEVICES",
  "DRI_PRIME",
  "LD_LIBRARY_PATH",
  "MESA_VK_DEVICE_SELECT",
  "VK_ADD_DRIVER_FILES",
  "VK_DRIVER_FILES",
  "VK_ICD_FILENAMES",
  "VK_LOADER_DRIVERS_DISABLE",
  "VK_LOADER_DRIVERS_SELECT",
];

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
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #now: () => Date;
  readonly #graphics: () => Promise<readonly string[]>;

  /** @param env what else decides which drivers and cards are found */
  constructor(
    path: string,
    env: Readonly<Record<string, string | undefined>>,
    {
      now = () => new Date(),
      graphics = () => graphicsHere(),
    }: {
      readonly now?: () => Date;
      /** What the system tells of its cards and drivers. */
      readonly graphics?: () => Promise<readonly string[]>;
    } = {},
  ) {
    this.#path = path;
    this.#env = env;
    this.#now = now;
    this.#graphics = graphics;
  }

  /**
   * What a finding is of. Computers of one kind that share a home differ in their cards, and in
   * their names.
   */
  async #machine(): Promise<string> {
    const system = [platform(), arch(), release(), hostname()];
    const settings = SETTINGS.map((name) => this.#env[name] ?? "");
    return JSON.stringify([...system, RUNTIME, ...settings, ...(await this.#graphics())]);
  }

  /** `null`: nothing is known, or it is of another machine, too old, or damaged. */
  async reason(): Promise<string | null> {
    try {
      const { machine, at, reason } = remembered.parse(
        JSON.parse(await readFile(this.#path, "utf8")),
      );
      const age = this.#now().getTime() - new Date(at).getTime();
      return machine === (await this.#machine()) && age >= 0 && age < KEPT_MS ? reason : null;
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
      await writeFile(part, JSON.stringify({ machine: await this.#machine(), at, reason }));
      return await rename(part, this.#path);
    } catch {
      // a cache that cannot be written costs time and nothing else
      return await rm(part, { force: true }).catch(() => undefined);
    }
  }
}
