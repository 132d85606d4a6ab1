/** A remark on standard error, where it does not mix with results. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** A result on standard output. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

export interface ProgressBar {
  readonly show: (done: number, total: number | null) => void;
  /** Ends the line; silent if nothing was shown. */
  readonly end: () => void;
}

/** Without a terminal, a line at most this often. */
const LINE_EVERY_MS = 5_000;
const BAR_WIDTH = 24;

/** One line that is redrawn on a terminal, and now and then a new one elsewhere. */
export function progressBar(label: string): ProgressBar {
  const { stderr } = process;
  let lastMs = 0;
  let isDirty = false;
  return {
    show: (done, total) => {
      const nowMs = performance.now();
      const isComplete = done === total;
      if (nowMs - lastMs < (stderr.isTTY ? 100 : LINE_EVERY_MS) && !isComplete) return;
      lastMs = nowMs;
      const share = total ? done / total : 0;
      const bar = "#".repeat(Math.round(share * BAR_WIDTH)).padEnd(BAR_WIDTH, ".");
      const text = total ? `${label} [${bar}] ${Math.round(share * 100)} %` : `${label} ${done}`;
      stderr.write(stderr.isTTY ? `\r\x1b[K${text}` : `${text}\n`);
      isDirty = stderr.isTTY;
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
