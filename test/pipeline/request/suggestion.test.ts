import { readFile } from "node:fs/promises";

import { describe, expect, test } from "vitest";

import { DescriptionError } from "../../../lib/networks/errors.ts";
import type { AnalysedNetwork } from "../../../lib/pipeline/networks/analyse-network.ts";
import { requestedLayer } from "../../../lib/pipeline/request/requested-layer.ts";
import { parseRequest } from "../../../lib/pipeline/request/request.ts";
import { resolveRequest } from "../../../lib/pipeline/request/resolve-request.ts";
import { shortestRequest } from "../../../lib/pipeline/request/shortest-request.ts";
import { suggestionsOf } from "../../../lib/pipeline/request/suggestion.ts";
import { emojinet } from "../../support/emojinet.ts";

type Recipes = AnalysedNetwork["description"]["recipes"];

/** @param recipes in place of the network's own */
function suggestionFor(layer: string, recipes: Recipes) {
  const network = { ...emojinet, description: { ...emojinet.description, recipes } };
  return suggestionsOf(network)(requestedLayer({ layer }, network));
}

const CLASSES = "loss3-classifier";

test("a network without recipes gets what becomes any", () => {
  for (const recipes of [undefined, {}]) {
    expect(suggestionFor("conv1-7x7_s2", recipes)).toEqual({
      fields: { method: "deepdream" },
      reason: "sees edges and colours",
      isOwn: false,
    });
    expect(suggestionFor("inception_4e-1x1", recipes).fields.preset).toBe("channels");
    expect(suggestionFor(CLASSES, recipes).fields.preset).toBe("natural");
  }
});

describe("a network's own recipe", () => {
  test("is for the layers of its role alone", () => {
    const recipes = { middle: { method: "fourier", preset: "vivid", numIterations: 20 } };
    expect(suggestionFor("inception_4e-1x1", recipes)).toEqual({
      fields: { method: "fourier", preset: "vivid", numIterations: 20 },
      reason: "sees patterns anywhere in the image",
      isOwn: true,
    });
    for (const layer of ["conv1-7x7_s2", CLASSES]) {
      expect(suggestionFor(layer, recipes).isOwn).toBe(false);
    }
  });

  test("says how as a request does, whose default is deepdream", () => {
    const { fields } = suggestionFor("conv1-7x7_s2", { first: { pyramidLevels: 1 } });
    expect(fields).toEqual({ method: "deepdream", pyramidLevels: 1 });
  });

  test("has the fields of its jobs' shortest requests, by which pictures are found again", async () => {
    const { fields } = suggestionsOf(emojinet)(requestedLayer({ layer: CLASSES }, emojinet));
    const what = { network: "emojinet", layer: CLASSES, channels: [9] };
    const resolved = await resolveRequest(parseRequest({ ...what, ...fields }), emojinet, null);
    const shortest = shortestRequest(resolved);
    expect(JSON.stringify(sorted(shortest))).toBe(JSON.stringify(sorted({ ...what, ...fields })));
  });

  test("is emojinet's, which its example has too", async () => {
    const file = new URL("../../../examples/fourier/emojinet-classes.json", import.meta.url);
    const example = JSON.parse(await readFile(file, "utf8")) as Record<string, unknown>;
    const { network: _, layer: __, channels: ___, verbose: ____, montage, ...fields } = example;
    expect(montage).toEqual({ gridSize: [2, 3] });
    expect(emojinet.description.recipes).toEqual({ whole: fields });
  });

  test.each<[Record<string, never> | object, RegExp]>([
    [{ method: "lucid" }, /recipes\.whole: method/],
    [{ method: "fourier", pyramidLevels: 2 }, /recipes\.whole: .*pyramidLevels/],
    [{ method: "fourier", numIterations: 0, rotation: 400 }, /numIterations: .*; .*rotation: /],
    [{ channels: [2], layer: 4 }, /recipes\.whole: channels: .*how.*recipes\.whole: layer: /],
    [{ initialImage: "uploads/a.png" }, /recipes\.whole: initialImage: /],
    [{ executionEnvironment: "cpu" }, /recipes\.whole: executionEnvironment: /],
  ])("that no request could have is refused: %j", (recipe, message) => {
    const recipes = { whole: recipe } as Recipes;
    const suggest = () => suggestionFor(CLASSES, recipes);
    expect(suggest).toThrow(DescriptionError);
    expect(suggest).toThrow(message);
    // nobody has asked for it here
    expect(suggestionFor("conv1-7x7_s2", recipes).isOwn).toBe(false);
  });
});

/** Fields by their names, as far as they are not inside others. */
function sorted(fields: object): object {
  return Object.fromEntries(Object.entries(fields).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
