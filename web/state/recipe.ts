import type { JobDocument, LayerDocument } from "../api/documents.ts";
import { several } from "../components/counted.ts";
import type { Schema } from "./schema.ts";

/** A way of drawing: a request without what it draws. */
export interface Recipe {
  /**
   * Short and the same wherever the recipe is; part of addresses. Method or preset where it is
   * nothing more than these: "deepdream", "channels".
   */
  readonly id: string;
  /** What addresses call it too. */
  readonly hash: string | null;
  /** For people. */
  readonly text: string;
  /** Fields of a request, without network, layer and channels. */
  readonly fields: Fields;
  /** None where nothing has been drawn so. */
  readonly jobIds: ReadonlySet<string>;
}

type Fields = Readonly<Record<string, unknown>>;

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
  for (const { jobId, request, shortest } of jobs) {
    const hash = shortHash(recipeFields(request));
    const known = recipes.get(hash);
    if (known !== undefined) {
      known.jobIds.add(jobId);
      continue;
    }
    const fields = recipeFields(shortest);
    const id = idOf(fields);
    recipes.set(hash, { id, hash, text: recipeText(fields), fields, jobIds: new Set([jobId]) });
  }
  return distinct([...recipes.values()]);
}

/** @param fields as the shortest request of a job that is drawn so has them */
function undrawnRecipe(fields: Fields): Recipe {
  return {
    id: idOf(fields),
    hash: null,
    text: recipeText(fields),
    fields,
    jobIds: new Set(),
  };
}

/** What suits the layer; `null` where the server says nothing of it. */
export function suggestedRecipe(layer: LayerDocument | null): Recipe | null {
  const { suggestion = null } = layer ?? {};
  if (suggestion === null) return null;
  const recipe = undrawnRecipe(recipeFields(suggestion.fields));
  return { ...recipe, text: suggestionText(suggestion) };
}

export function suggestionText({
  fields,
  isOwn,
}: NonNullable<LayerDocument["suggestion"]>): string {
  return isOwn ? "the network's own recipe" : recipeText(fields);
}

/** Each method, and each preset of one that has some, as the schema of a request has them. */
export function plainRecipes({ oneOf: methods = [] }: Schema): readonly Recipe[] {
  return methods.flatMap(({ properties = {} }) => {
    const method = properties["method"]?.const;
    const presets = properties["preset"]?.enum;
    return presets === undefined
      ? [undrawnRecipe({ method })]
      : presets.map((preset) => undrawnRecipe({ method, preset }));
  });
}

/** Whether an address that says `id` means the recipe. */
export function isCalled({ id, hash }: Recipe, name: string | null): boolean {
  return name === id || (name !== null && name === hash);
}

function idOf(fields: Fields): string {
  return plainId(fields) ?? shortHash(fields);
}

/** `null` where the fields say more than method and preset, or the preset is not known. */
function plainId({ method, preset, ...others }: Fields): string | null {
  if (Object.keys(others).length > 0) return null;
  const id = preset ?? (method === "fourier" ? null : method);
  return typeof id === "string" ? id : null;
}

function recipeFields(request: Fields): Fields {
  const entries = Object.entries(request).filter(([name]) => !NOT_OF_A_RECIPE.has(name));
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Fields that have words of their own. */
const WORDS: Readonly<Record<string, (value: unknown) => string>> = {
  preset: (preset) => `preset ${String(preset)}`,
  numIterations: (count) => several(Number(count), "iteration"),
  pyramidLevels: (count) => several(Number(count), "level"),
  canvasSize: (size) => (Array.isArray(size) ? `${size.join(" × ")} px` : `${String(size)} px`),
};

/** All that a reader needs where there is no preset to name: the rest would be a dozen numbers. */
const WITHOUT_PRESET: ReadonlySet<string> = new Set(["numIterations", "canvasSize", "seed"]);

/** "fourier, preset channels, 16 iterations" */
export function recipeText({ method, preset, ...others }: Fields): string {
  const isBare = method === "fourier" && preset === undefined;
  const said = Object.entries(others).filter(([name]) => !isBare || WITHOUT_PRESET.has(name));
  const fields = [...(preset === undefined ? [] : [["preset", preset] as const]), ...said];
  const words = fields.map(
    ([name, value]) => WORDS[name]?.(value) ?? `${name} ${textOfValue(value)}`,
  );
  return [String(method), ...words].join(", ");
}

function textOfValue(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Two that read the same are told apart by their ids. */
function distinct(recipes: readonly Recipe[]): readonly Recipe[] {
  const count = (text: string) => recipes.filter((each) => each.text === text).length;
  return recipes.map((each) =>
    count(each.text) === 1 ? each : { ...each, text: `${each.text} (${each.id})` },
  );
}

/** FNV-1a, 32 bits: to tell a handful of recipes apart. */
function shortHash(fields: Fields): string {
  const text = JSON.stringify(fields);
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}
