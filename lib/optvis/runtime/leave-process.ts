import { spawn } from "node:child_process";
import { isMainThread } from "node:worker_threads";

/** What a library may take to end; past it the process is killed. */
const GRACE_SECONDS = 10;

export interface LeaveOptions {
  readonly graceSeconds?: number;
  /** For tests. @default exit(3) */
  readonly end?: (code: number) => void;
}

/**
 * Ends this process at once, although threads of it hang in native code: `process.exit` and the
 * natural end wait for them, for ever. Node calls exit(3) alone in the name of a WASI program. A
 * library whose own clean-up waits for the hanging thread is not waited for either.
 *
 * @param code exit code; where the process has to be killed it is the signal's
 */
export function leaveProcess(
  code: number,
  { graceSeconds = GRACE_SECONDS, end = exit3 }: LeaveOptions = {},
): never {
  const kill = `setTimeout(() => process.kill(${process.pid}, "SIGKILL"), ${1_000 * graceSeconds})`;
  // it ends when this process has, and the pipe with it
  const watchful = `${kill}; process.stdin.on("close", () => process.exit()).resume()`;
  spawn(process.execPath, ["-e", watchful], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  end(code);
  throw new Error("internal: the process goes on after its end");
}

/** exit(3) of the C library. */
function exit3(code: number): void {
  // loaded here: with it comes a warning that it is experimental, a turn later
  const { WASI } = process.getBuiltinModule("node:wasi");
  const wasi = new WASI({ version: "preview1", returnOnExit: false });
  const proc_exit = wasi.wasiImport["proc_exit"] as (code: number) => never;
  const memory = new WebAssembly.Memory({ initial: 1 });
  wasi.start({ exports: { memory, _start: () => proc_exit(code) } });
}

/** Of a browser's globals Node's types leave this one out. */
declare const WebAssembly: {
  readonly Memory: new (size: { readonly initial: number }) => object;
};

/** Threads that hang. */
let hanging = 0;

const leave = (code: number) => leaveProcess(code);

/**
 * Leaves a thread to itself that hangs in native code, which nothing can end: from then on the
 * process ends without it, by itself, at `process.exit` and with its exit code. Where the caller is
 * a worker thread the process is not its to end.
 *
 * @returns to be called should the thread come back after all
 */
export function leaveThread(): () => void {
  if (hanging++ === 0 && isMainThread) process.on("exit", leave);
  return () => {
    if (--hanging === 0) process.off("exit", leave);
  };
}
