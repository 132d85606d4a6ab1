/** A line for whoever started the benchmark. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
