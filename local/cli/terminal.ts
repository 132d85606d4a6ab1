import { buffer } from "node:stream/consumers";

import type { Environment } from "../../lib/networks/folders.ts";
import type { ModelReader } from "../../lib/networks/model-reader.ts";
import type { Network } from "../../lib/networks/registry.ts";
import type { AnalysedNetwork } from "../../lib/pipeline/networks/analyse-network.ts";
import { columnsOf, cutToColumns } from "./columns.ts";

/** Reads a network's model and its layers; see `analyseNetwork`. */
export type Analyse = (network: Network) => Promise<AnalysedNetwork>;

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
  /** What a command reads that is told to with `-`; `process.stdin` is one. @default nothing */
  readonly stdin?: AsyncIterable<Uint8Array>;
  /** @default in this thread, without a deadline */
  readonly analyse?: Analyse;
  /** @default in this thread */
  readonly reader?: ModelReader;
  /** Starts what is going to analyse networks. @default it starts when it is wanted */
  readonly startAnalysis?: () => void;
}

export interface Terminal {
  readonly env: Environment;
  /** Whether someone watches, rather than a program or a file. */
  readonly isWatched: boolean;
  /** A result, a line on standard output. */
  readonly print: (text: string) => void;
  /** A remark, a line on standard error, where it does not mix with results. */
  readonly note: (text: string) => void;
  readonly progressBar: (label: string) => ProgressBar;
  /** All of standard input. */
  readonly readInput: () => Promise<Uint8Array>;
  readonly analyse: Analyse;
  /** Who reads a model that is given by its path. @default in this thread */
  readonly reader?: ModelReader | undefined;
  /** To be called once it is clear that a network will be read, before the code for the rest. */
  readonly startAnalysis: () => void;
}

export interface ProgressBar {
  readonly show: (done: number, total: number | null, detail?: string) => void;
  /** Ends the line; silent if nothing was shown. */
  readonly end: () => void;
}

/** Without a terminal, a line at most this often. */
const LINE_EVERY_MS = 5_000;
/** Goes to the line's beginning, and deletes what stands there. */
const CLEAR_LINE = "\r\x1b[K";
const BAR_WIDTH = 24;
/** Of a narrow terminal's line: percentage and time left have to fit beside the bar. */
const BAR_SHARE = 0.3;
/** Columns around a bar: a percentage that lost its last digit would be another number. */
const AROUND_BAR = " [] 100 %".length;

export function createTerminal({
  env,
  stdout,
  stderr,
  stdin,
  analyse = analyseHere,
  reader,
  startAnalysis = () => undefined,
}: CommandIo): Terminal {
  let clear = () => {};
  return {
    analyse,
    reader,
    startAnalysis,
    env,
    isWatched: stderr.isTTY === true && stdout.isTTY === true,
    print: (text) => {
      if (stdout.isTTY === true) clear();
      stdout.write(`${printable(text)}\n`);
    },
    note: (text) => {
      clear();
      stderr.write(`${printable(text)}\n`);
    },
    progressBar: (label) => {
      const { clear: clearIt, ...bar } = progressBar(stderr, label, env);
      clear = clearIt;
      return bar;
    },
    readInput: async () => (stdin === undefined ? new Uint8Array() : buffer(stdin)),
  };
}

async function analyseHere(network: Network): Promise<AnalysedNetwork> {
  const { analyseNetwork } = await import("../../lib/pipeline/networks/analyse-network.ts");
  return analyseNetwork(network);
}

/** The same terminal without remarks and progress. */
export function quietTerminal(terminal: Terminal): Terminal {
  const silent: ProgressBar = { show: () => undefined, end: () => undefined };
  return { ...terminal, note: () => undefined, progressBar: () => silent };
}

/** Results and remarks as the flags want them. */
export function terminalOf(
  { json, quiet }: { readonly json?: boolean; readonly quiet?: boolean },
  terminal: Terminal,
): Terminal {
  const shown = quiet ? quietTerminal(terminal) : terminal;
  if (!json) return shown;
  // events tell what the bar and the lines of results would
  return { ...quietTerminal(terminal), note: shown.note, print: () => undefined };
}

/**
 * The text with control characters written as escapes, but for ends of lines: names and messages
 * come from files, and a terminal obeys what it is sent.
 */
export function printable(text: string): string {
  return text.replaceAll(/[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069]/gu, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

interface DrawnBar extends ProgressBar {
  /** Leaves the line to another text; the bar is drawn again as it goes on. */
  readonly clear: () => void;
}

/** One line that is redrawn on a terminal, and now and then a new one elsewhere. */
function progressBar(stderr: Output, label: string, env: Environment): DrawnBar {
  // an editor's shell, which can redraw nothing, says so
  const isTerminal = stderr.isTTY === true && env["TERM"] !== "dumb";
  let lastMs = 0;
  let isDirty = false;
  return {
    show: (done, total, detail) => {
      const nowMs = performance.now();
      const isComplete = done === total;
      if (nowMs - lastMs < (isTerminal ? 100 : LINE_EVERY_MS) && !isComplete) return;
      lastMs = nowMs;
      const share = total ? done / total : 0;
      // 0: the terminal does not know either
      const columns = (isTerminal && stderr.columns) || Infinity;
      const width = Math.min(BAR_WIDTH, Math.floor(columns * BAR_SHARE));
      const bar = "#".repeat(Math.round(share * width)).padEnd(width, ".");
      const amount = total ? `[${bar}] ${Math.round(share * 100)} %` : String(done);
      const name = cutToColumns(printable(label), columns - 1 - AROUND_BAR - width);
      const text = [name, amount, ...(detail === undefined ? [] : [printable(detail)])].join(" ");
      // a line that wraps cannot be redrawn
      const line = cutToColumns(text, columns - 1);
      stderr.write(isTerminal ? CLEAR_LINE + line : `${text}\n`);
      isDirty = isTerminal;
    },
    end: () => {
      if (isDirty) stderr.write("\n");
      isDirty = false;
    },
    clear: () => {
      if (isDirty) stderr.write(CLEAR_LINE);
      isDirty = false;
    },
  };
}

/** Rows as aligned columns, two spaces apart; `right` names the columns that hold numbers. */
export function table(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[],
): string {
  // one line each: a cell may be a name of a file's
  const cells = rows.map((row) => row.map((cell) => printable(cell).replaceAll("\n", "\\n")));
  const widths = header.map((title, column) =>
    cells.reduce((most, row) => Math.max(most, columnsOf(row[column]!)), title.length),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => {
        const blank = " ".repeat(widths[column]! - columnsOf(cell));
        return right.includes(column) ? blank + cell : cell + blank;
      })
      .join("  ")
      .trimEnd();
  return [header, widths.map((width) => "-".repeat(width)), ...cells].map(line).join("\n");
}
