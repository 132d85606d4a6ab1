import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

import type { Operators } from "../../../lib/onnx/operators/operator.ts";
import { OPERATORS } from "../../../lib/onnx/operators/table.ts";

const FOLDER = "lib/onnx/operators";
const TABLE = readFileSync(`${FOLDER}/table.ts`, "utf8");

/** The themes that the table imports: the record's name and its file. */
const imported = [...TABLE.matchAll(/^import \{ (\w+) \} from "\.\/([\w-]+)\.ts";$/gm)].map(
  ([, record, file]) => ({ record: record!, file: file! }),
);

const themes: readonly Operators[] = await Promise.all(
  imported.map(async ({ record, file }) => {
    const module: Record<string, Operators> = await import(
      `../../../lib/onnx/operators/${file}.ts`
    );
    return module[record]!;
  }),
);

/** What the table's map is made of, as it is written. */
function entriesOf(table: string): readonly string[] {
  const [, entries = ""] = /Object\.entries\(\{([^]*?)\}\)/.exec(table) ?? [];
  return entries
    .split(",")
    .map((entry) => entry.trim())
    .filter(Boolean);
}

const spreads = imported.map(({ record }) => `...${record}`);

/** Names that more than one of the records has. */
function sharedNames(records: readonly Operators[]): readonly string[] {
  const names = records.flatMap((record) => Object.keys(record));
  return names.filter((name, i) => names.indexOf(name) !== i);
}

test("the table joins the themes and names no operator itself", () => {
  expect(entriesOf(TABLE)).toEqual(spreads);
});

test("an operator that the table names is noticed", () => {
  const table = TABLE.replace("...logic,", "...logic,\n    Gelu: gelu,");
  expect(entriesOf(table)).not.toEqual(spreads);
});

test("no operator is in two themes, of which the table would keep the last", () => {
  expect(sharedNames(themes)).toEqual([]);
  expect(OPERATORS.size).toBe(themes.flatMap((theme) => Object.keys(theme)).length);
});

test("an operator in two themes is noticed", () => {
  expect(sharedNames([...themes, { Clip: {} }])).toEqual(["Clip"]);
});

test("the README says what belongs to each theme", () => {
  const readme = readFileSync("lib/onnx/README.md", "utf8");
  const rows = [...readme.matchAll(/^\| `([\w-]+)\.ts` +\|/gm)].map(([, file]) => file);
  expect(rows).toEqual(imported.map(({ file }) => file));
});

test("every file that exports operators is a theme of the table", () => {
  const files = readdirSync(FOLDER).filter((file) =>
    /^export const \w+: Operators?\b/m.test(readFileSync(`${FOLDER}/${file}`, "utf8")),
  );
  expect(files).toEqual(imported.map(({ file }) => `${file}.ts`));
});
