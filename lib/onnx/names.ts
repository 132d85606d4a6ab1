import type { Graph, Value } from "./model.ts";

/** The names of all values that a graph is given, holds or computes. */
export function namesIn({ inputs, initializers, nodes }: Graph): Set<Value> {
  return new Set([
    ...initializers.keys(),
    ...inputs.map(({ name }) => name),
    ...nodes.flatMap(({ outputs }) => outputs),
  ]);
}

/** `wanted`, or with a number after it where that is taken; taken from now on. */
export function freshName(taken: Set<Value>, wanted: Value): Value {
  let name = wanted;
  for (let i = 2; taken.has(name); i++) name = `${wanted}_${i}`;
  taken.add(name);
  return name;
}
