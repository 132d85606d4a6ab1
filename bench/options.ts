import { parseArgs } from "node:util";

/**
 * What a benchmark's options say; with --help, prints how it is called and ends the process.
 *
 * @param defaults of the options that have some, by name
 * @param others names of options that may be left out
 */
export function benchOptions<Name extends string, Other extends string = never>(
  usage: string,
  defaults: Readonly<Record<Name, string>>,
  others: readonly Other[] = [],
): Readonly<Record<Name, string>> & Readonly<Partial<Record<Other, string>>> {
  const named = Object.entries<string>(defaults).map(
    ([name, value]) => [name, { type: "string", default: value }] as const,
  );
  const { help, ...values } = parseArgs({
    options: {
      ...Object.fromEntries(named),
      ...Object.fromEntries(others.map((name) => [name, { type: "string" }] as const)),
      help: { type: "boolean", default: false },
    },
  }).values;
  if (help) {
    process.stdout.write(`${usage}\n`);
    process.exit();
  }
  return values as ReturnType<typeof benchOptions<Name, Other>>;
}
