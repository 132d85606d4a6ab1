import { ProblemError } from "./problem.ts";
import type { Route } from "./route.ts";
import { ROUTES } from "./routes.ts";

export interface FoundRoute {
  readonly route: Route;
  /** Values of the template's names, as sent. */
  readonly path: Readonly<Record<string, string>>;
}

/**
 * The route of a request. Paths are compared as they were sent: none of ours needs an encoded
 * character, so `%2e%2e` is never more than a name that does not exist.
 *
 * @throws ProblemError: `not-found`, or `method-not-allowed` with the methods there are
 */
export function findRoute(method: string, path: string): FoundRoute {
  const candidates = ROUTES.flatMap((route) => {
    const values = matchTemplate(route.template, path);
    return values === null ? [] : [{ route, path: values }];
  });
  const found = candidates.find(({ route }) => route.method === method);
  if (found !== undefined) return found;
  if (candidates.length === 0) {
    throw new ProblemError("not-found", [`there is nothing at '${path.slice(0, 200)}'`]);
  }
  const allowed = candidates.map(({ route }) => route.method).join(", ");
  throw new ProblemError(
    "method-not-allowed",
    [`method: given ${method} for '${path}'; wanted ${allowed}`],
    { Allow: allowed },
  );
}

function matchTemplate(template: string, path: string): Record<string, string> | null {
  const wanted = template.split("/");
  const given = path.split("/");
  if (wanted.length !== given.length) return null;
  const values: Record<string, string> = {};
  for (const [i, part] of wanted.entries()) {
    const value = given[i] ?? "";
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    if (name === undefined ? part !== value : value === "") return null;
    if (name !== undefined) values[name] = value;
  }
  return values;
}
