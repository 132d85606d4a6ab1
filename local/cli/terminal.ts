import type { Environment } from "../../lib/networks/folders.ts";

/** Where text goes; `process.stdout` is one. */
export interface Output {
  readonly isTTY?: boolean;
  /** Characters of a line of the terminal. */
  readonly columns?: number;
  write(text: string): unknown;
}

/** What a command reads and writes besides files, so that tests can watch. */
export interface CommandIo {
  readonly env: Environment;
  readonly stdout: Output;
  readonly stderr: Output;
}

export interface Terminal {
  readonly env: Environment;
  /** A result, a line on standard output. */
  readonly print: (text: string) => void;
  /** A remark, a line on standard error, where it does not mix with results. */
  readonly note: (text: string) => void;
  readonly progressBar: (label: string) => ProgressBar;
}

export interface ProgressBar {
  readonly show: (done: number, total: number | null, detail?: string) => void;
  /** Ends the line; silent if nothing was shown. */
  readonly end: () => void;
}

/** Without a terminal, a line at most this often. */
const LINE_EVERY_MS = 5_000;
const BAR_WIDTH = 24;

export function createTerminal({ env, stdout, stderr }: CommandIo): Terminal {
  return {
    env,
    print: (text) => void stdout.write(`${text}\n`),
    note: (text) => void stderr.write(`${text}\n`),
    progressBar: (label) => progressBar(stderr, label),
  };
}

/** One line that is redrawn on a terminal, and now and then a new one elsewhere. */
function progressBar(stderr: Output, label: string): ProgressBar {
  const isTerminal = stderr.isTTY === true;
  let lastMs = 0;
  let isDirty = false;
  return {
    show: (done, total, detail) => {
      const nowMs = performance.now();
      const isComplete = done === total;
      if (nowMs - lastMs < (isTerminal ? 100 : LINE_EVERY_MS) && !isComplete) return;
      lastMs = nowMs;
      const share = total ? done / total : 0;
      const bar = "#".repeat(Math.round(share * BAR_WIDTH)).padEnd(BAR_WIDTH, ".");
      const amount = total ? `[${bar}] ${Math.round(share * 100)} %` : String(done);
      const text = [label, amount, ...(detail === undefined ? [] : [detail])].join(" ");
      // a line that wraps cannot be redrawn
      const line = text.slice(0, (stderr.columns ?? Infinity) - 1);
      stderr.write(isTerminal ? `\r\x1b[K${line}` : `${text}\n`);
      isDirty = isTerminal;
    },
    end: () => {
      if (isDirty) stderr.write("\n");
      isDirty = false;
    },
  };
}

/** Rows as aligned columns, two spaces apart; `right` names the columns that hold numbers. */
export function table(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[] = [],
): string {
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]!.length)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) =>
        right.includes(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!),
      )
      .join("  ")
      .trimEnd();
  return [header, widths.map((width) => "-".repeat(width)), ...rows].map(line).join("\n");
}
