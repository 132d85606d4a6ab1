/** As much of JSON Schema as the schema of a request uses. */
export interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly description?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
}

/** Values as they are written into the form, by the field's path: "montage.gridSize". */
export type Written = ReadonlyMap<string, string>;

/** "1 to 2000", "more than 1, at most 4"; "" where there are no limits. */
export function limitsOf({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: Schema): string {
  // what JavaScript can hold is no limit that concerns anybody
  const most = maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum;
  if (minimum !== undefined && most !== undefined) return `${minimum} to ${most}`;
  return [
    ...(minimum === undefined ? [] : [`at least ${minimum}`]),
    ...(exclusiveMinimum === undefined ? [] : [`more than ${exclusiveMinimum}`]),
    ...(most === undefined ? [] : [`at most ${most}`]),
    ...(exclusiveMaximum === undefined ? [] : [`less than ${exclusiveMaximum}`]),
  ].join(", ");
}

/** Fields of a request as they are written into the form. */
export function writtenOf(
  fields: Readonly<Record<string, unknown>>,
  prefix = "",
): Readonly<Record<string, string>> {
  const entries = Object.entries(fields).map(([name, value]) => {
    if (typeof value === "string") return { [prefix + name]: value };
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      return { [prefix + name]: JSON.stringify(value) };
    }
    return writtenOf(value as Readonly<Record<string, unknown>>, `${prefix}${name}.`);
  });
  return Object.assign({}, ...entries) as Record<string, string>;
}

/** The request that has been written: fields that are empty are left out. */
export function requestOf(schema: Schema, written: Written, prefix = ""): Record<string, unknown> {
  const request: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const path = prefix + name;
    if (field.properties !== undefined) {
      const part = requestOf(field, written, `${path}.`);
      if (Object.keys(part).length > 0) request[name] = part;
      continue;
    }
    const text = written.get(path)?.trim() ?? "";
    if (text !== "") request[name] = valueOf(field, text);
  }
  return request;
}

/** What is no number or JSON goes as it was written: the server says what is wrong with it. */
function valueOf(schema: Schema, text: string): unknown {
  if (schema.type === "string") return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The sentences about one field; "" for those about none of `paths`. */
export function problemsAt(
  problems: readonly string[],
  path: string,
  paths: readonly string[],
): readonly string[] {
  return problems.filter((problem) => {
    const at = /^([\w.]+)(?:\[[^\]]*\][\w.[\]]*)?:/.exec(problem)?.[1] ?? "";
    const field = paths.find((each) => at === each || at.startsWith(`${each}.`)) ?? "";
    return field === path;
  });
}
