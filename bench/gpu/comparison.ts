import { table } from "../../local/cli/terminal.ts";

/** What PyTorch takes for the same; `null` where it is not known, and why. */
export interface PytorchTimes {
  readonly eager: number | null;
  readonly graph: number | null;
  readonly notes: readonly string[];
}

/** Times of one thing, ours and PyTorch's, in one unit. */
export interface Comparison extends PytorchTimes {
  readonly title: string;
  readonly unit: string;
  readonly ours: number;
}

/** Ours over PyTorch's fastest; `null` without one. */
export function ratioOf({ ours, eager, graph }: Comparison): number | null {
  const times = [eager, graph].filter((time) => time !== null);
  return times.length === 0 ? null : ours / Math.min(...times);
}

/** All times as one table, and under it why cells are empty. */
export function comparisonTable(rows: readonly Comparison[]): string {
  const cell = (value: number | null) => (value === null ? "" : value.toFixed(2));
  const header = ["", "unit", "ours", "PyTorch eager", "CUDA graph", "ours / PyTorch's fastest"];
  const lines = rows.map((row) => [
    row.title,
    row.unit,
    cell(row.ours),
    cell(row.eager),
    cell(row.graph),
    ratioOf(row)?.toFixed(2) ?? "",
  ]);
  const notes = [...new Set(rows.flatMap((row) => row.notes))];
  return [table(header, lines, [2, 3, 4, 5]), ...notes.map((note) => `- ${note}`)].join("\n");
}
