import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const DRIVER = fileURLToPath(new URL("packed-function-process.mjs", import.meta.url));

/** Lambda's longest. */
const LONGEST_MS = 900_000;

interface Reply {
  readonly id: number;
  readonly answer?: unknown;
  readonly error?: string;
}

/**
 * A packed function as Lambda runs it, on this machine: a process of its own, started in the
 * function's folder with nothing of this process's environment but what is given, and kept between
 * calls.
 */
export class PackedFunction {
  readonly #child: ChildProcess;
  readonly #exit: Promise<unknown>;
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  /** What it wrote: its log, and why it ended. */
  #output = "";
  #calls = 0;

  private constructor(folder: string, environment: Readonly<Record<string, string>>) {
    this.#child = spawn(process.execPath, [DRIVER, folder], {
      cwd: folder,
      env: { PATH: process.env["PATH"], ...environment },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    const keep = (text: Buffer) => (this.#output = (this.#output + text).slice(-20_000));
    this.#child.stdout?.on("data", keep);
    this.#child.stderr?.on("data", keep);
    this.#exit = once(this.#child, "exit");
    this.#child.on("message", (reply: Reply) => this.#waiting.get(reply.id)?.(reply));
  }

  /** @throws Error with what the process wrote, if the function cannot be loaded */
  static async start(
    folder: string,
    environment: Readonly<Record<string, string>>,
  ): Promise<PackedFunction> {
    const packed = new PackedFunction(folder, environment);
    await packed.#reply(0);
    return packed;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /**
   * One call at a time, as Lambda makes them.
   *
   * @param remainingMs that the call is told it has
   * @throws Error with what the process wrote, if the function throws or its process ends
   */
  async call(event: unknown, remainingMs = LONGEST_MS): Promise<unknown> {
    const id = ++this.#calls;
    const reply = this.#reply(id);
    this.#child.send({ id, event, remainingMs });
    return reply;
  }

  async stop(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exit;
  }

  async #reply(id: number): Promise<unknown> {
    const replied = new Promise<Reply>((resolve) => this.#waiting.set(id, resolve));
    const ended = this.#exit.then((): Reply => ({ id, error: "its process ended" }));
    const { answer, error } = await Promise.race([replied, ended]);
    this.#waiting.delete(id);
    if (error !== undefined) throw new Error(`the function failed: ${error}\n${this.#output}`);
    return answer;
  }
}
