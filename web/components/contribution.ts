/** "+1.83" */
export function signed(contribution: number): string {
  return `${contribution < 0 ? "−" : "+"}${inDigits(Math.abs(contribution))}`;
}

/** "1.83": three digits that say something. */
export function inDigits(value: number): string {
  return String(Number(value.toPrecision(3)));
}

/** "14 %", "0.3 %", "< 0.1 %", of 0 to 1 */
export function percent(share: number): string {
  if (share < 0.0005) return "< 0.1 %";
  return `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
}
