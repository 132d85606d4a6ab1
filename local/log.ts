import type { Log } from "../functions/log.ts";

/** Errors as one line each on stderr; the rest is told by the pipeline's events. */
export function errorLog(functionName: string, write: (line: string) => void = toStderr): Log {
  return {
    info: () => undefined,
    error: (message, { error, ...fields }) => {
      const particulars = Object.entries(fields).map(([name, value]) => `${name} ${String(value)}`);
      const reason = error instanceof Error ? error.message : String(error);
      write(`${functionName}: ${message} (${particulars.join(", ")}): ${reason}`);
    },
  };
}

function toStderr(line: string): void {
  process.stderr.write(`${line}\n`);
}
