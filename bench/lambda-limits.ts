import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";

import { MB_PER_VCPU } from "../lib/pipeline/rates.ts";

/** Where Linux keeps its control groups, in their first version. */
const ROOT = "/sys/fs/cgroup";
const CONTROLLERS = ["cpu", "cpuacct", "memory"] as const;
/** The kernel's own default. */
const PERIOD_US = 100_000;
/**
 * The most that there can be: other processes of the machine are to take little of what is
 * measured.
 */
const SHARES = 262_144;

/**
 * The share of processors and memory that Lambda gives a function of so much memory, imitated by
 * control groups: a quota of processor time in each tenth of a second, and a limit of memory.
 */
export class LambdaLimits {
  readonly vcpus: number;
  readonly #name: string;

  /**
   * @param memory MB
   * @throws Error where the machine cannot imitate it
   */
  constructor(memory: number) {
    this.vcpus = memory / MB_PER_VCPU;
    if (this.vcpus > cpus().length) {
      throw new Error(
        `${memory} MB: Lambda gives ${this.vcpus.toFixed(2)} vCPU; this machine has ${cpus().length}`,
      );
    }
    for (const controller of CONTROLLERS) {
      if (!existsSync(join(ROOT, controller, "cgroup.procs"))) {
        throw new Error(`wanted Linux's control groups, version 1, at ${ROOT}/${controller}`);
      }
    }
    this.#name = `dreamgrid-bench-${process.pid}-${memory}`;
    for (const controller of CONTROLLERS) mkdirSync(this.#path(controller), { recursive: true });
    this.#write("cpu", "cpu.cfs_period_us", PERIOD_US);
    this.#write("cpu", "cpu.cfs_quota_us", Math.round(this.vcpus * PERIOD_US));
    this.#write("cpu", "cpu.shares", SHARES);
    this.#write("memory", "memory.limit_in_bytes", memory * 1_048_576);
  }

  /** Puts a process and what it starts under the limits. */
  hold(pid: number): void {
    for (const controller of CONTROLLERS) this.#write(controller, "cgroup.procs", pid);
  }

  /** Of processors, by all that is held. */
  get usedSeconds(): number {
    return Number(this.#read("cpuacct", "cpuacct.usage")) / 1e9;
  }

  /** Once nothing is held any more. */
  remove(): void {
    for (const controller of CONTROLLERS) rmdirSync(this.#path(controller));
  }

  #path(controller: string, file = ""): string {
    return join(ROOT, controller, this.#name, file);
  }

  #read(controller: string, file: string): string {
    return readFileSync(this.#path(controller, file), "utf8");
  }

  #write(controller: string, file: string, value: number): void {
    writeFileSync(this.#path(controller, file), String(value));
  }
}

/** Most memory that a process has had resident, in MB. */
export function peakMemoryMb(pid: number): number {
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))!;
  return Math.round(Number(kilobytes) / 1_024);
}
