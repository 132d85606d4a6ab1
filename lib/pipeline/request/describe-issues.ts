import type * as z from "zod";

import { knownFields, NO_FIELDS, unknownField } from "./known-fields.ts";

type Issue = z.core.$ZodIssue;

const MAX_SHOWN_LENGTH = 60; // characters: a problem stays about one line

/**
 * Zod's issues as problems: where, what was given, what is wanted.
 *
 * @param json the document as given, to quote from
 * @param schema what it was checked with, for its top-level fields; `null`: suggest none
 */
export function describeIssues(
  issues: readonly Issue[],
  json: unknown,
  schema: z.core.$ZodType | null,
): string[] {
  const said = issues.flatMap(innermost).filter(isNarrowest);
  return said.flatMap((issue) => {
    if (issue.code === "unrecognized_keys") {
      const known = issue.path.length === 0 ? knownFields(schema, json) : NO_FIELDS;
      return issue.keys.map((key) => {
        const where = pathName([...issue.path, key]);
        return `${where}: ${unknownField(key, known)}`;
      });
    }
    if (issue.code === "invalid_key") {
      const where = pathName(issue.path.slice(0, -1));
      const key = show(issue.path.at(-1));
      return issue.issues.map(
        (inner) => `${where}: given ${key}; wanted a name of ${wanted(inner)}`,
      );
    }
    const where = pathName(issue.path);
    const given = valueAt(json, issue.path);
    if (given === undefined) return [`${where}: missing; wanted ${wanted(issue)}`];
    return [`${where}: given ${show(given)}; wanted ${wanted(issue)}`];
  });
}

/** If only one branch of a union matches the type, the issues of its elements. */
function innermost(issue: Issue): readonly Issue[] {
  if (issue.code !== "invalid_union") return [issue];
  const fitting = issue.errors.filter((branch) => branch.every(({ path }) => path.length > 0));
  const [branch] = fitting;
  if (branch === undefined || fitting.length > 1) return [issue];
  return branch
    .map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }))
    .flatMap(innermost);
}

/** A number beyond all safe integers is beyond its field's own limit, too, and that alone is said. */
function isNarrowest({ code, path }: Issue, i: number, issues: readonly Issue[]): boolean {
  const next = issues[i + 1];
  const isLimit = code === "too_big" || code === "too_small";
  return !isLimit || next?.code !== code || pathName(next.path) !== pathName(path);
}

function wanted(issue: Issue): string {
  if (issue.code === "invalid_type") {
    // pairs carry what is wanted as their message, as unions and patterns do
    if (issue.expected === "tuple") return issue.message;
    if (issue.expected === "boolean") return "true or false";
    return issue.expected === "int" ? "a whole number" : withArticle(issue.expected);
  }
  if (issue.code === "too_small") {
    return `${issue.inclusive === false ? "more than" : "at least"} ${amount(issue.minimum, issue.origin)}`;
  }
  if (issue.code === "too_big") {
    return `${issue.inclusive === false ? "less than" : "at most"} ${amount(issue.maximum, issue.origin)}`;
  }
  if (issue.code === "invalid_value") {
    return `one of ${issue.values.map((value) => JSON.stringify(value)).join(", ")}`;
  }
  // see the fields
  return issue.message;
}

function amount(limit: number | bigint, origin: string): string {
  if (origin === "string") return `${limit} ${limit === 1 ? "character" : "characters"}`;
  if (origin !== "array") return `${limit}`;
  return `${limit} ${limit === 1 ? "element" : "elements"}`;
}

function withArticle(noun: string): string {
  return `${/^[aeiou]/i.test(noun) ? "an" : "a"} ${noun}`;
}

function pathName(path: readonly PropertyKey[]): string {
  if (path.length === 0) return "request";
  return path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
    .join("")
    .replace(/^\./, "");
}

function valueAt(json: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, part) =>
      typeof value === "object" && value !== null ? Reflect.get(value, part) : undefined,
    json,
  );
}

function show(value: unknown): string {
  // JSON has no infinity, but 1e999 is one
  const json = typeof value === "number" ? String(value) : JSON.stringify(value);
  const text = json ?? String(value);
  return text.length <= MAX_SHOWN_LENGTH ? text : `${text.slice(0, MAX_SHOWN_LENGTH)}...`;
}
