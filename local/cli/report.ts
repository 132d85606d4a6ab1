import type { Terminal } from "./terminal.ts";

/** What a command tells: in lines for people, and for programs. */
export interface Report {
  readonly text: string;
  readonly json: object;
}

/**
 * Prints what a command found out before it draws.
 *
 * @param event what the line says in front with `--json`: its kind, as other events have one, and
 *   the name of the request that draws what is told of
 */
export function printReport(
  { text, json }: Report,
  event: { readonly kind: string; readonly request: string },
  flags: { readonly json?: boolean; readonly quiet?: boolean },
  { print }: Terminal,
): void {
  if (flags.json) print(JSON.stringify({ ...event, ...json }));
  else if (!flags.quiet) print(text);
}

/** "97 %", and of small shares a digit more. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(Math.abs(share) < 0.1 ? 1 : 0)} %`;
}

/** "+1.83" */
export function signed(contribution: number): string {
  return `${contribution < 0 ? "" : "+"}${inDigits(contribution)}`;
}

/** "1.83", and of small ones as many digits. */
export function inDigits(value: number): string {
  return String(Number(value.toPrecision(3)));
}
