import { messageOf } from "../../lib/onnx/errors.ts";

/** A line of what was measured: where, and figures that a program can read. */
export function report(what: string, where: string, figures: object): void {
  process.stdout.write(`${what.padEnd(8)} ${where.padEnd(22)} ${JSON.stringify(figures)}\n`);
}

/** What is wrong, in one line. */
export function reasonOf(error: unknown): string {
  return messageOf(error).split("\n")[0]!;
}
