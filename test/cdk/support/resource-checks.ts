import type { Resource, Synthesis } from "./synthesise.ts";

/** A resource of a template, with what it is checked by. */
export interface Checked extends Resource {
  readonly id: string;
  readonly stack: Synthesis;
  /** Resources that name it, with how. */
  readonly users: readonly (readonly [id: string, resource: Resource])[];
  /** Resources that it names. */
  readonly uses: readonly (readonly [id: string, resource: Resource])[];
}

/** What is wrong with a resource. */
export type Check = (resource: Checked) => readonly string[];

/** @returns problems, each with the id of its resource; a type without a check is one */
export function problemsOf(
  stack: Synthesis,
  checks: Readonly<Record<string, Check>>,
): readonly string[] {
  return [...problemsIn(stack, checks)];
}

/** The same, one by one: whether there is one is known long before all are. */
export function* problemsIn(
  stack: Synthesis,
  checks: Readonly<Record<string, Check>>,
): Generator<string> {
  const all = Object.entries(stack.resources).map(
    // topics may have none
    ([id, resource]) => [id, { ...resource, Properties: { ...resource.Properties } }] as const,
  );
  const named = new Map(Object.entries(stack.resources).map(([id, each]) => [id, namesOf(each)]));
  const users = new Map<string, (readonly [string, Resource])[]>();
  for (const [id, resource] of all) {
    for (const name of named.get(id)!) {
      users.set(name, [...(users.get(name) ?? []), [id, resource]]);
    }
  }
  const unknownTo = (id: string) =>
    [...named.get(id)!].filter(
      (name) => !(name in stack.resources) && !/^AWS::|Parameter$/.test(name),
    );
  for (const [id] of all) {
    for (const name of unknownTo(id)) yield `${id}: names ${name}, which is not there`;
  }
  for (const [id, resource] of all) {
    const check = checks[resource.Type];
    if (check === undefined) {
      yield `${id}: no check of ${resource.Type}`;
      continue;
    }
    // what is not there cannot be looked at
    if (unknownTo(id).length > 0) continue;
    const own = named.get(id)!;
    const checked: Checked = {
      ...resource,
      id,
      stack,
      users: users.get(id) ?? [],
      uses: all.filter(([other]) => own.has(other)),
    };
    for (const problem of check(checked)) yield `${id}: ${problem}`;
  }
}

const namesFound = new WeakMap<Resource, ReadonlySet<string>>();

/** Logical ids and pseudo parameters that a resource names. */
function namesOf(resource: Resource): ReadonlySet<string> {
  const known = namesFound.get(resource);
  if (known !== undefined) return known;
  const found = new Set<string>();
  const visit = (part: unknown): void => {
    if (typeof part !== "object" || part === null) return;
    for (const [key, inner] of Object.entries(part)) {
      if (key === "Ref") found.add(String(inner));
      else if (key === "Fn::GetAtt") found.add(String(inner[0]));
      else if (key === "DependsOn") for (const id of [inner].flat()) found.add(String(id));
      else visit(inner);
    }
  };
  visit(resource);
  namesFound.set(resource, found);
  return found;
}

/** A problem, where the condition does not hold. */
export function unless(holds: boolean, problem: string): readonly string[] {
  return holds ? [] : [problem];
}

export function isUsedBy({ users }: Checked, ...types: readonly string[]): readonly string[] {
  return unless(
    users.some(([, { Type }]) => types.includes(Type)),
    `is of no use to any of ${types.join()}`,
  );
}

export function has({ Properties }: Checked, wanted: Readonly<Record<string, unknown>>) {
  return Object.entries(wanted).flatMap(([name, value]) =>
    unless(
      JSON.stringify(Properties[name]) === JSON.stringify(value),
      `${name} is ${JSON.stringify(Properties[name])}, not ${JSON.stringify(value)}`,
    ),
  );
}

export function names(checked: Checked, ...types: readonly string[]): readonly string[] {
  return types.flatMap((type) =>
    unless(
      checked.uses.some(([, { Type }]) => Type === type),
      `names no ${type}`,
    ),
  );
}
