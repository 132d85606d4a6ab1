const COMPACT = Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const TWO_DIGITS = Intl.NumberFormat("en", { maximumSignificantDigits: 2, useGrouping: false });

/** "512", "1.2M" */
export function counted(count: number): string {
  return COMPACT.format(count);
}

/** "1 tile", "3 tiles" */
export function several(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** "0.012", "4.7", "120": two digits that say something, and never an exponent. */
export function twoDigits(value: number): string {
  return TWO_DIGITS.format(value);
}

/** "7.4 MB" */
export function megabytes(bytes: number): string {
  return `${twoDigits(bytes / 1e6)} MB`;
}
