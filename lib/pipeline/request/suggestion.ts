import { DescriptionError } from "../../networks/errors.ts";
import type { LayerWithChannels } from "../../networks/layers.ts";
import type { AnalysedNetwork } from "../networks/analyse-network.ts";
import { completeRequest } from "./complete-request.ts";
import { drawnFields } from "./fields/drawn.ts";
import { type LayerRole, layerRoles } from "./layer-role.ts";
import { presetForm } from "./preset-form.ts";
import { parseRequest, RequestError } from "./request.ts";
import { shortestRequest } from "./shortest-request.ts";
import type { RecipeFields, Suggestion } from "./suggestion-schema.ts";

/** How a layer is drawn where method and preset are left out, and what is then said of it. */
const BY_ROLE: Readonly<Record<LayerRole, Omit<Suggestion, "isOwn">>> = {
  whole: { fields: { method: "fourier", preset: "natural" }, reason: "sees the whole image" },
  first: { fields: { method: "deepdream" }, reason: "sees edges and colours" },
  middle: {
    fields: { method: "fourier", preset: "channels" },
    reason: "sees patterns anywhere in the image",
  },
};

/** Of a layer of which it is said that the Fourier method draws it, but not how. */
export const USUAL_PRESET = BY_ROLE.middle.fields.preset!;

/** What a request says besides: what it draws, from what, and where. */
const NOT_OF_A_RECIPE = [...Object.keys(drawnFields), "initialImage", "executionEnvironment"];

type Known = Pick<AnalysedNetwork, "description" | "model">;

/**
 * How each layer of a network is drawn best: with the recipe that its description has for layers of
 * that role, else in the way that suits any network.
 *
 * @returns a function that throws a DescriptionError for a recipe that no request could have
 */
export function suggestionsOf(network: Known): (layer: LayerWithChannels) => Suggestion {
  const { model, description } = network;
  const roleOf = layerRoles(model.model.graph);
  return (layer) => {
    const role = roleOf(layer);
    const recipe = description.recipes?.[role];
    if (recipe === undefined) return { ...BY_ROLE[role], isOwn: false };
    try {
      return { ...BY_ROLE[role], fields: inShort(recipe, layer, network), isOwn: true };
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      const problems = error.problems.map((problem) => `recipes.${role}: ${problem}`);
      throw new DescriptionError(
        `the description of network '${description.id}' has a recipe that cannot be drawn: ${problems.join("; ")}`,
      );
    }
  };
}

/** As a job's document has them, by which pictures that are drawn so are found again. */
function inShort(
  recipe: Readonly<Record<string, unknown>>,
  layer: LayerWithChannels,
  { model, description }: Known,
): RecipeFields {
  const others = Object.keys(recipe).filter((name) => NOT_OF_A_RECIPE.includes(name));
  if (others.length > 0) {
    throw new RequestError(
      others.map((name) => `${name}: a recipe says how layers are drawn, no more`),
    );
  }
  const what = { network: description.id, layer: layer.index, channels: [1] };
  const drawn = { channels: what.channels };
  const viewer = { network: model, layer };
  const request = completeRequest(parseRequest({ ...recipe, ...what }), drawn, viewer);
  const form = presetForm(request, viewer);
  const short = shortestRequest({ request, layer, presetForm: form });
  const { network: _, layer: __, channels: ___, ...fields } = short;
  return fields as RecipeFields;
}
