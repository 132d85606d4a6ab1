/** What a command tells: in lines for people, and for programs. */
export interface Report {
  readonly text: string;
  readonly json: object;
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
