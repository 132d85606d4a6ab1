import { Option } from "commander";
import * as z from "zod";

import { messageOf } from "../../lib/onnx/errors.ts";
import { montage } from "../../lib/pipeline/request/fields/montage.ts";
import { localRequestSchema } from "../../lib/pipeline/request/request.ts";
import { UsageError } from "./user-errors.ts";

/** A field of a request that an option sets; `path` leads to it from the top. */
interface RequestField {
  readonly path: readonly string[];
  /** By method: what the schema says of it. */
  readonly schemas: ReadonlyMap<string, z.core.$ZodType>;
}

/** Fields that the short form has in places of their own. */
const ELSEWHERE: ReadonlySet<string> = new Set([
  "network",
  "layer",
  "channels",
  "montage",
  // --animate, which request files take too
  "animation",
  "$schema",
]);
/** Of the sheet: with an option that request files take too. */
const ELSEWHERE_OF_SHEET: ReadonlySet<string> = new Set(["format"]);
/** Fields whose default is not the schema's but the layer's, see short-request.ts. */
const FROM_LAYER: ReadonlySet<string> = new Set(["method", "preset"]);

/**
 * The options of `dream`'s short form: a field each, its name, help and limits the schema's own.
 */
export function requestOptions(): readonly Option[] {
  return requestFields().map((field) => {
    // by itself one that is true or false stands for true, and takes no other option for its value
    const option = isSwitch(field)
      ? new Option(`--${optionName(field)} [value]`).preset("true")
      : new Option(`--${optionName(field)} <value>`);
    // made when they are read: most commands are run, not asked for help
    Object.defineProperty(option, "description", { get: () => helpOf(field) });
    Object.defineProperty(option, "argChoices", { get: () => choicesOf(field) });
    return option.helpGroup(headingOf(field));
  });
}

/** The options that were given, as the fields that they are of. */
export function givenFields(flags: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const request: Record<string, unknown> = {};
  for (const field of requestFields()) {
    const text = flags[new Option(`--${optionName(field)} <value>`).attributeName()];
    if (typeof text !== "string") continue;
    const [top = "", inner] = field.path;
    const value = parseValue(text, field);
    if (inner === undefined) request[top] = value;
    else request[top] = { ...Object(request[top]), [inner]: value };
  }
  return request;
}

/** The one method that has all of these fields; `null` where both have, or none. */
export function onlyMethodOf(fields: Readonly<Record<string, unknown>>): string | null {
  const having = shapesOfMethods().filter(([, shape]) =>
    Object.keys(fields).every((name) => name in shape),
  );
  return having.length === 1 ? having[0]![0] : null;
}

function shapesOfMethods() {
  const [deepdream, fourier] = localRequestSchema.options;
  return [
    ["deepdream", deepdream.shape],
    ["fourier", fourier.shape],
  ] as const;
}

function requestFields(): readonly RequestField[] {
  const methods = shapesOfMethods();
  const found = new Map<string, Map<string, z.core.$ZodType>>();
  const add = (path: readonly string[], method: string, schema: z.core.$ZodType) => {
    const key = path.join(".");
    found.set(key, (found.get(key) ?? new Map()).set(method, schema));
  };
  for (const [method, shape] of methods) {
    for (const [name, schema] of Object.entries(shape)) {
      if (ELSEWHERE.has(name)) continue;
      const parts = partsOf(schema);
      if (parts === null) add([name], method, schema);
      else for (const part of Object.keys(parts)) add([name, part], method, parts[part]!);
    }
  }
  // the sheet's stand together behind both methods'
  for (const [method] of methods) {
    for (const [name, schema] of Object.entries(montage.shape)) {
      if (!ELSEWHERE_OF_SHEET.has(name)) add(["montage", name], method, schema);
    }
  }
  return [...found].map(([key, schemas]) => ({ path: key.split("."), schemas }));
}

/** The fields of a field that is an object. */
function partsOf(schema: z.core.$ZodType): z.core.$ZodShape | null {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) {
    return partsOf(schema.unwrap());
  }
  return schema instanceof z.ZodObject ? schema.shape : null;
}

/** `cropFraction.end` is --crop-fraction-end; the sheet's fields stand without a prefix. */
function optionName({ path }: RequestField): string {
  const words = path[0] === "montage" ? path.slice(1) : path;
  return words.join("-").replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function headingOf({ path, schemas }: RequestField): string {
  if (path[0] === "montage") return "The sheet:";
  const [method] = schemas.keys();
  if (schemas.size > 1) return "Whatever the method:";
  return `Method ${method}:`;
}

/** What the methods say of a field; once, where they say the same but for the default. */
function helpOf({ path, schemas }: RequestField): string {
  const known = [...schemas].map(([method, schema]) => {
    const json = jsonSchemaOf(schema);
    return { method, text: textOf(json), value: JSON.stringify(json.default) };
  });
  const [first] = known;
  const isSame = known.every(({ text }) => text === first?.text);
  const text = isSame
    ? first?.text
    : known.map((each) => `${each.method}: ${each.text}`).join("; ");
  return `${path[0] === "method" ? "how images are drawn" : text}${defaultText(path, known)}`;
}

/** @param known what each method has for a default, as JSON */
function defaultText(
  path: readonly string[],
  known: readonly { readonly method: string; readonly value: string | undefined }[],
): string {
  if (FROM_LAYER.has(path.join("."))) return " (default: follows from the layer)";
  const set = known.filter(({ value }) => value !== undefined);
  if (set.length === 0) return "";
  const isSame = set.length === known.length && new Set(set.map(({ value }) => value)).size === 1;
  const texts = isSame
    ? [set[0]!.value]
    : set.map(({ method, value }) => `${value} with ${method}`);
  return ` (default: ${texts.join(", ")})`;
}

type JsonSchema = z.core.JSONSchema.BaseSchema;

function jsonSchemaOf(schema: z.core.$ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: "input" });
}

function textOf(json: JsonSchema): string {
  const limits = limitsOf(json);
  return `${json.description ?? ""}${limits && ` (${limits})`}`;
}

const branchesOf = (json: JsonSchema): readonly JsonSchema[] =>
  (json.anyOf ?? [json]).flatMap((branch) => (typeof branch === "object" ? [branch] : []));

function isSwitch({ schemas }: RequestField): boolean {
  return [...schemas.values()].every((schema) => jsonSchemaOf(schema).type === "boolean");
}

/** The words that a field takes, whatever the method; `undefined` where it takes others too. */
function choicesOf(field: RequestField): readonly string[] | undefined {
  if (isSwitch(field)) return ["true", "false"];
  const choices = [...field.schemas.values()]
    .flatMap((schema) => branchesOf(jsonSchemaOf(schema)))
    .flatMap((branch) => branch.enum ?? (branch.const === undefined ? [] : [branch.const]))
    .filter((choice) => typeof choice === "string");
  return choices.length === 0 ? undefined : [...new Set(choices)];
}

/** Of a number, or of the numbers of a pair. */
function limitsOf(json: JsonSchema): string {
  for (const { minimum, exclusiveMinimum, maximum } of branchesOf(json)) {
    if (maximum === undefined) continue;
    return exclusiveMinimum === undefined
      ? `${minimum} to ${maximum}`
      : `more than ${exclusiveMinimum}, up to ${maximum}`;
  }
  return "";
}

/**
 * Text for a field that takes only text; or else a JSON value, numbers with commas, or text.
 *
 * @throws UsageError for what begins as JSON and is none
 */
function parseValue(text: string, { path, schemas }: RequestField): unknown {
  const types = [...schemas.values()].flatMap((schema) =>
    branchesOf(jsonSchemaOf(schema)).map(({ type }) => type),
  );
  if (types.every((type) => type === "string" || type === "null")) {
    return text === "null" ? null : text;
  }
  for (const json of [text, `[${text}]`]) {
    try {
      return JSON.parse(json);
    } catch (error) {
      // shells take quotes away, and mean something of their own by brackets
      if (/^[[{]/.test(text)) {
        const problem = `given ${text}, which is not JSON: ${messageOf(error)}`;
        throw new UsageError(`${path.join(".")}: ${problem}; write it in single quotes`);
      }
    }
  }
  // not JSON, so it is what it says
  return text;
}
