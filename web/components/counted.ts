const COMPACT = Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

/** "512", "1.2M" */
export function counted(count: number): string {
  return COMPACT.format(count);
}
