import type { Log } from "../functions/log.ts";
import { messageOf } from "../lib/onnx/errors.ts";
import { printable } from "./cli/terminal.ts";

/**
 * A cause that lasts (a full disk, a damaged job) is told once in this time, not at every retry.
 */
const REPEAT_MS = 60_000;

export interface ErrorLogOptions {
  readonly write?: (line: string) => void;
  readonly nowMs?: () => number;
  /** The causes of the last minute and when each was told, the oldest first. @default none yet */
  readonly told?: Map<string, number>;
}

/** Errors as one line each on stderr; the rest is told by the pipeline's events. */
export function errorLog(
  functionName: string,
  {
    write = (line) => void process.stderr.write(`${line}\n`),
    nowMs = Date.now,
    told = new Map<string, number>(),
  }: ErrorLogOptions = {},
): Log {
  return {
    info: () => undefined,
    error: (message, { error, ...fields }) => {
      const particulars = Object.entries(fields).map(([name, value]) => `${name} ${String(value)}`);
      const reason = messageOf(error);
      const cause = `${message}: ${reason}`;
      const now = nowMs();
      for (const [earlier, ms] of told) {
        if (now - ms < REPEAT_MS) break;
        told.delete(earlier);
      }
      if (told.has(cause)) return;
      told.set(cause, now);
      write(printable(`${functionName}: ${message} (${particulars.join(", ")}): ${reason}`));
    },
  };
}
