/** As much of JSON Schema as an OpenAPI document of ours has; what else there is, is refused. */
export interface JsonSchema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly description?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly prefixItems?: readonly JsonSchema[];
}

const INDENT = "  ";

/**
 * The TypeScript type of what a JSON Schema lets through, with meanings and limits as comments.
 *
 * @param indent white space before each line but the first
 * @throws Error if the schema says something in a way that is not known here
 */
export function typeOf(schema: JsonSchema, indent = ""): string {
  const { $ref, anyOf, oneOf, type } = schema;
  if ($ref !== undefined) return nameOf($ref);
  if ("const" in schema) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return unionOf(schema.enum.map((value) => JSON.stringify(value)));
  const choices = anyOf ?? oneOf;
  if (choices !== undefined) return unionOf(choices.map((each) => typeOf(each, indent)));
  if (type !== undefined && typeof type !== "string") {
    return unionOf(type.map((each) => typeOf({ ...schema, type: each }, indent)));
  }
  switch (type) {
    case "string":
    case "boolean":
    case "null":
      return type;
    case "number":
    case "integer":
      return "number";
    case "array":
      return arrayOf(schema, indent);
    case "object":
      return objectOf(schema, indent);
    case undefined:
      if (Object.keys(schema).every((key) => key === "description")) return "unknown";
  }
  throw new Error(`internal: no type for the schema ${JSON.stringify(schema)}`);
}

/** A comment of its own line, or of several; "" where there is nothing to say. */
export function commentOf(sentences: readonly string[], indent = ""): string {
  const said = sentences.filter((sentence) => sentence !== "");
  if (said.length === 0) return "";
  return `${indent}/** ${said.join("; ").replaceAll("*/", "* /")} */\n`;
}

/** The name of a schema that a document refers to: "Job" of "#/components/schemas/Job". */
function nameOf(reference: string): string {
  return reference.slice(reference.lastIndexOf("/") + 1);
}

function unionOf(types: readonly string[]): string {
  return [...new Set(types)].join(" | ");
}

function arrayOf({ items, prefixItems }: JsonSchema, indent: string): string {
  if (prefixItems !== undefined) {
    return `[${prefixItems.map((each) => typeOf(each, indent)).join(", ")}]`;
  }
  return `Array<${typeOf(items ?? {}, indent)}>`;
}

function objectOf(schema: JsonSchema, indent: string): string {
  const { properties = {}, required = [], additionalProperties } = schema;
  const inner = indent + INDENT;
  const fields = Object.entries(properties).map(([name, field]) => {
    const mark = required.includes(name) ? "" : "?";
    const comment = commentOf([field.description ?? "", ...limitsOf(field)], inner);
    return `${comment}${inner}${JSON.stringify(name)}${mark}: ${typeOf(field, inner)};\n`;
  });
  if (typeof additionalProperties === "object") {
    const values = typeOf(additionalProperties, indent);
    return fields.length === 0
      ? `Record<string, ${values}>`
      : `{\n${fields.join("")}${indent}} & Record<string, ${values}>`;
  }
  return fields.length === 0 ? "Record<string, never>" : `{\n${fields.join("")}${indent}}`;
}

function limitsOf(schema: JsonSchema): readonly string[] {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  const said = (text: string, limit: number | undefined) =>
    // what JavaScript can hold is no limit that concerns anybody
    limit === undefined || Math.abs(limit) === Number.MAX_SAFE_INTEGER ? [] : [`${text} ${limit}`];
  return [
    ...said("at least", minimum),
    ...said("more than", exclusiveMinimum),
    ...said("at most", maximum),
    ...said("less than", exclusiveMaximum),
    ...("default" in schema ? [`default ${JSON.stringify(schema.default)}`] : []),
  ];
}
