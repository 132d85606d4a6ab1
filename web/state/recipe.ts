import type { JobDocument } from "../api/documents.ts";

/** A way of drawing: a request without what it draws. */
export interface Recipe {
  /** Short and the same wherever the recipe is; part of addresses. */
  readonly id: string;
  /** For people. */
  readonly text: string;
  /** Fields of a request, without network, layer and channels. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly jobIds: ReadonlySet<string>;
}

/** What a request draws, and what does not change its pictures. */
const NOT_OF_A_RECIPE: ReadonlySet<string> = new Set([
  "network",
  "layer",
  "channels",
  "targets",
  "verbose",
  "montage",
  "executionEnvironment",
]);

/** The recipes of jobs that come newest first, in that order. */
export function recipesOf(jobs: readonly JobDocument[]): readonly Recipe[] {
  const recipes = new Map<string, Recipe & { readonly jobIds: Set<string> }>();
  for (const { jobId, request } of jobs) {
    const fields = recipeFields(request);
    const id = shortHash(JSON.stringify(fields));
    const known = recipes.get(id);
    if (known !== undefined) known.jobIds.add(jobId);
    else recipes.set(id, { id, text: recipeText(fields), fields, jobIds: new Set([jobId]) });
  }
  return distinct([...recipes.values()]);
}

function recipeFields(request: JobDocument["request"]): Record<string, unknown> {
  const entries = Object.entries(request).filter(([name]) => !NOT_OF_A_RECIPE.has(name));
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function recipeText(fields: Readonly<Record<string, unknown>>): string {
  const { method, numIterations, pyramidLevels, canvasSize, seed, objective } = fields;
  const levels = pyramidLevels === 1 ? "1 level" : `${String(pyramidLevels)} levels`;
  const size = Array.isArray(canvasSize) ? [`${canvasSize.join(" × ")} px`] : [];
  return [
    String(method),
    method === "deepdream"
      ? `${String(numIterations)} iterations × ${levels}`
      : `${String(numIterations)} iterations`,
    ...size,
    ...(typeof objective === "string" ? [objective] : []),
    ...(seed === 0 ? [] : [`seed ${String(seed)}`]),
  ].join(", ");
}

/** Two that read the same are told apart by their ids. */
function distinct(recipes: readonly Recipe[]): readonly Recipe[] {
  const count = (text: string) => recipes.filter((each) => each.text === text).length;
  return recipes.map((each) =>
    count(each.text) === 1 ? each : { ...each, text: `${each.text} (${each.id})` },
  );
}

/** FNV-1a, 32 bits: to tell a handful of recipes apart. */
function shortHash(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}
