import type { Node } from "../onnx/model.ts";

/**
 * What nodes are called after the module that they are part of, `layer1.0.conv1`, as the network's
 * author wrote it; no entry for a node whose module is not known. Both of PyTorch's exporters give
 * the same.
 *
 * A module's output is called by its path alone; what it computes on the way has the operator
 * added, `act-Erf`, as has what a module computes beside its parts, `layer1.0.Add`.
 *
 * @param nodes the layers, in graph order
 */
export function modulePaths(nodes: readonly Node[]): ReadonlyMap<Node, string> {
  const scopes = nodes.map(scopeOf);
  const containers = new Set(scopes.flatMap((scope) => (scope ? parentsOf(scope) : [])));
  const paths = new Map<Node, string>();
  nodes.forEach((node, i) => {
    const scope = scopes[i]!;
    if (scope === null) return;
    if (scope === "") paths.set(node, node.op);
    else if (containers.has(scope)) paths.set(node, `${scope}.${node.op}`);
    else paths.set(node, scopes[i + 1] === scope ? `${scope}-${node.op}` : scope);
  });
  return paths;
}

/** "a" and "a.b" of "a.b.c". */
function parentsOf(scope: string): string[] {
  const parents: string[] = [];
  for (let end = scope.lastIndexOf("."); end > 0; end = scope.lastIndexOf(".", end - 1)) {
    parents.push(scope.slice(0, end));
  }
  return parents;
}

/** Modules inside each other, and characters of their path: authors nest a dozen. */
const MOST_STEPS = 64;
const MOST_CHARACTERS = 2_048;

/** As `writtenScope`, unless it is none that anybody would write. */
function scopeOf(node: Node): string | null {
  const scope = writtenScope(node);
  const isLong = scope !== null && scope.length > MOST_CHARACTERS;
  return isLong || (scope?.split(".", MOST_STEPS + 1).length ?? 0) > MOST_STEPS ? null : scope;
}

/** From the metadata, or a node's name, `/layer1/layer1.0/conv1/Conv_1`; "" outside all modules. */
function writtenScope({ name, op, scope }: Node): string | null {
  if (scope !== undefined) return scope;
  if (name.length > 2 * MOST_CHARACTERS) return null;
  const [root, ...steps] = name.split("/");
  const last = steps.pop();
  if (root !== "" || last === undefined) return null;
  if (last !== op && !(last.startsWith(`${op}_`) && /_\d+$/.test(last))) return null;
  const path: string[] = [];
  for (const step of steps) {
    // parts of a list carry its name: layer1, then layer1.0
    if (path.length > 0 && step.startsWith(`${path.at(-1)}.`)) path.pop();
    path.push(step);
  }
  return path.join(".");
}
