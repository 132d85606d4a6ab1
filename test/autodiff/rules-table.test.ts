import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

import { OPERATORS } from "../../lib/onnx/operators/table.ts";
import { NON_DIFFERENTIABLE, RULES } from "../../lib/autodiff/rules/index.ts";

const README = readFileSync("lib/autodiff/README.md", "utf8");

/** Tests of single rules, which call the numerical checker. */
const checks = readdirSync("test/autodiff")
  .filter((file) => file.endsWith(".test.ts") && file !== "rules-table.test.ts")
  .map((file) => readFileSync(join("test/autodiff", file), "utf8"))
  .filter((text) => text.includes("await checkVjp("))
  .join("\n");

test.each(Object.keys(RULES))("%s has a numerical check", (op) => {
  expect(isChecked(op)).toBe(true);
});

test("an operator without a check is noticed", () => {
  expect(isChecked("Gelu")).toBe(false);
});

test("no operator is listed both with a rule and without a gradient", () => {
  expect(Object.keys(RULES).filter((op) => NON_DIFFERENTIABLE.has(op))).toEqual([]);
});

test("what an operator makes is known before its gradient is", () => {
  const operators = [...Object.keys(RULES), ...NON_DIFFERENTIABLE];
  expect(operators.filter((op) => !OPERATORS.get(op)?.infer)).toEqual([]);
});

test("every rule file is in the table", () => {
  const files = readdirSync("lib/autodiff/rules").filter((file) => file !== "index.ts");
  // ReduceMax and ReduceMin are one rule
  expect(files).toHaveLength(new Set(Object.values(RULES)).size);
});

test("the README's support table lists exactly the rules", () => {
  const rows = [...README.matchAll(/^\| ([^|]+) \|.*\|$/gm)].map((match) => match[1]!.trim());
  const operators = rows
    .slice(rows.indexOf("operator") + 1)
    .filter((cell) => !cell.startsWith("-"))
    .flatMap((cell) => cell.split(", "));
  expect(operators.toSorted()).toEqual(Object.keys(RULES).toSorted());
});

test("the README lists the operators without a derivative", () => {
  const [, list = ""] = /without a derivative: ([^.]+)\./s.exec(README) ?? [];
  expect(list.split(/,\s+/).toSorted()).toEqual([...NON_DIFFERENTIABLE].toSorted());
});

function isChecked(op: string): boolean {
  return checks.includes(`"${op}"`);
}
