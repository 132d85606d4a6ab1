import { useId } from "preact/hooks";

import { getRequestSchema } from "../api/client.ts";
import type { LayerDocument } from "../api/documents.ts";
import { isCalled, plainRecipes, type Recipe, suggestedRecipe } from "../state/recipe.ts";
import { useResource } from "../state/use-resource.ts";

/** Ways in which a layer can be looked at. */
export interface Recipes {
  /** Of which there are pictures, the newest first. */
  readonly drawn: readonly Recipe[];
  readonly undrawn: readonly Recipe[];
  /** What suits the layer; `null` where that is not known. */
  readonly suggested: Recipe | null;
  /** Whether these are all, or some are still being looked for. */
  readonly areAll: boolean;
}

/**
 * @param drawn the newest first
 * @param isLoaded whether those are all
 */
export function useRecipes(
  drawn: readonly Recipe[],
  layer: LayerDocument | null,
  isLoaded: boolean,
): Recipes {
  const schema = useResource("schema", getRequestSchema);
  const suggested = suggestedRecipe(layer);
  const others = schema.value === null ? [] : plainRecipes(schema.value);
  const plain = [
    ...(suggested === null ? [] : [suggested]),
    ...others.filter(({ id }) => id !== suggested?.id),
  ];
  const ids = new Set(drawn.map(({ id }) => id));
  const undrawn = plain.filter(({ id }) => !ids.has(id));
  const named = drawn.map((recipe) => {
    return recipe.id === suggested?.id ? { ...recipe, text: suggested.text } : recipe;
  });
  return { drawn: named, undrawn, suggested, areAll: isLoaded && schema.value !== null };
}

/** The one that an address calls so; without one, the newest; without pictures, what is suggested. */
export function chosenRecipe({ drawn, undrawn, suggested }: Recipes, id: string | null) {
  return calledRecipe({ drawn, undrawn }, id) ?? drawn[0] ?? suggested;
}

function calledRecipe({ drawn, undrawn }: Pick<Recipes, "drawn" | "undrawn">, id: string | null) {
  return [...drawn, ...undrawn].find((recipe) => isCalled(recipe, id));
}

interface RecipeSelectProps extends Recipes {
  readonly layer: LayerDocument;
  /** What the address calls it; `null`: nothing. */
  readonly called: string | null;
  readonly shown: Recipe | null;
  readonly onRecipe: (id: string) => void;
}

/** How pictures are drawn: those that are shown, and those that are asked for. */
export function RecipeSelect({ drawn, undrawn, suggested, areAll, ...props }: RecipeSelectProps) {
  const { layer, called, shown, onRecipe } = props;
  const id = useId();
  const reason = layer.suggestion?.reason ?? null;
  const isUnknown =
    areAll && called !== null && calledRecipe({ drawn, undrawn }, called) === undefined;
  const isSuggested = suggested !== null && suggested.id === shown?.id;
  return (
    <div class="row recipe">
      <label class="quiet" for={id}>
        Recipe
      </label>
      <select
        id={id}
        value={shown?.id ?? ""}
        onChange={({ currentTarget }) => onRecipe(currentTarget.value)}
      >
        <Choices title="Drawn" recipes={drawn} />
        <Choices title={drawn.length === 0 ? "To draw" : "Not drawn yet"} recipes={undrawn} />
      </select>
      {isUnknown && (
        <span role="status">
          no recipe here is called '{called}'; shown is{" "}
          {drawn.length > 0 ? "the newest" : "what is suggested"}
        </span>
      )}
      {suggested !== null && (
        <span class="quiet">
          {isSuggested ? "suggested" : `suggested: ${suggested.text}`}, as the layer {reason}
        </span>
      )}
    </div>
  );
}

interface ChoicesProps {
  readonly title: string;
  readonly recipes: readonly Recipe[];
}

function Choices({ title, recipes }: ChoicesProps) {
  if (recipes.length === 0) return null;
  return (
    <optgroup label={title}>
      {recipes.map(({ id, text }) => (
        <option key={id} value={id}>
          {text}
        </option>
      ))}
    </optgroup>
  );
}
