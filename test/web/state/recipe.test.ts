import { expect, test } from "vitest";

import type { JobDocument, LayerDocument } from "../../../web/api/documents.ts";
import {
  isCalled,
  plainRecipes,
  recipesOf,
  recipeText,
  suggestedRecipe,
} from "../../../web/state/recipe.ts";

/** @param shortest what is said of it */
function jobOf(jobId: string, request: object, shortest: object): JobDocument {
  return { jobId, request, shortest } as JobDocument;
}

const LONG = { method: "deepdream", numIterations: 10, seed: 0 };
const PLAIN = { method: "deepdream" };

test("jobs that differ in what they draw have one recipe, in the order of the newest", () => {
  const recipes = recipesOf([
    jobOf("a", { ...LONG, seed: 1, layer: "x" }, { ...PLAIN, seed: 1, layer: "x" }),
    jobOf(
      "b",
      { ...LONG, channels: [1], verbose: true, network: "n" },
      { ...PLAIN, channels: [1] },
    ),
    // its fields in another order
    jobOf("c", { seed: 0, channels: "all", numIterations: 10, method: "deepdream" }, PLAIN),
    jobOf("d", { ...LONG, targets: [], montage: {}, executionEnvironment: "cpu" }, PLAIN),
  ]);
  const [odd, plain] = recipes;
  expect(recipes).toHaveLength(2);
  expect(odd).toMatchObject({
    text: "deepdream, seed 1",
    fields: { ...PLAIN, seed: 1 },
    jobIds: new Set(["a"]),
  });
  expect(plain).toMatchObject({
    id: "deepdream",
    text: "deepdream",
    fields: PLAIN,
    jobIds: new Set(["b", "c", "d"]),
  });
  // addresses that people keep have it: FNV-1a of
  // {"method":"deepdream","numIterations":10,"seed":1}
  expect(odd!.hash).toBe("7201ef72");
  expect([odd!.id, odd!.hash, "7201ef73"].map((name) => isCalled(odd!, name))).toEqual([
    true,
    true,
    false,
  ]);
  expect(plain!.hash).not.toBe(odd!.hash);
  expect([plain!.id, plain!.hash, "deep", null].map((name) => isCalled(plain!, name))).toEqual([
    true,
    true,
    false,
    false,
  ]);
});

test("recipes that read alike are told apart by their ids", () => {
  const fourier = (rotation: number) => ({ method: "fourier", rotation });
  const [one, other] = recipesOf([1, 2].map((n) => jobOf(`${n}`, fourier(n), fourier(n))));
  expect(one!.text).toBe(`fourier (${one!.id})`);
  expect(other!.text).toBe(`fourier (${other!.id})`);
  expect(one!.id).not.toBe(other!.id);
});

test.each([
  [{ method: "deepdream", numIterations: 1, pyramidLevels: 1 }, "deepdream, 1 iteration, 1 level"],
  [
    { method: "deepdream", numIterations: 2, pyramidLevels: 3 },
    "deepdream, 2 iterations, 3 levels",
  ],
  [
    { method: "fourier", objective: "mean", preset: "channels", canvasSize: [9, 5] },
    "fourier, preset channels, objective mean, 9 × 5 px",
  ],
  [{ method: "fourier", canvasSize: 64, seed: 3, rotation: 5 }, "fourier, 64 px, seed 3"],
  [
    { method: "deepdream", initialImage: "a.png", tuned: [1, 2] },
    "deepdream, initialImage a.png, tuned [1,2]",
  ],
])("%j is read", (fields, text) => {
  expect(recipeText(fields)).toBe(text);
});

test("every method and preset of the schema is a recipe, and a layer's suggestion", () => {
  const deepdream = { properties: { method: { const: "deepdream" } } };
  const presets = { enum: ["natural", "vivid"] };
  const fourier = { properties: { method: { const: "fourier" }, preset: presets } };
  const plain = plainRecipes({ oneOf: [deepdream, fourier] });
  expect(plain.map(({ id, hash, text }) => [id, hash, text])).toEqual([
    ["deepdream", null, "deepdream"],
    ["natural", null, "fourier, preset natural"],
    ["vivid", null, "fourier, preset vivid"],
  ]);
  expect(plain.map((recipe) => isCalled(recipe, null))).toEqual([false, false, false]);
  expect(plainRecipes({})).toEqual([]);
  // a method with presets is not the recipe of its name
  const [bare] = plainRecipes({ oneOf: [{ properties: { method: { const: "fourier" } } }] });
  expect(bare!.id).toMatch(/^[\da-f]{8}$/);
  const suggestion = { fields: { method: "fourier", preset: "vivid" }, isOwn: false };
  expect(suggestedRecipe({ suggestion } as LayerDocument)).toEqual(plain[2]);
  expect(suggestedRecipe({ suggestion: null } as LayerDocument)).toBeNull();
  expect(suggestedRecipe(null)).toBeNull();
});

test("a network's own recipe is told apart, and is the one that jobs have which draw so", () => {
  const fields = { preset: "vivid", method: "fourier", cropFraction: { end: [0.75, 1] } };
  const layer = { suggestion: { fields, isOwn: true } } as unknown as LayerDocument;
  const suggested = suggestedRecipe(layer)!;
  expect(suggested.text).toBe("the network's own recipe");
  const { cropFraction, ...others } = fields;
  const shortest = { channels: [3], cropFraction, layer: "x", ...others };
  const complete = { ...shortest, numIterations: 96 };
  const ids = (more: object) => recipesOf([jobOf("a", complete, { ...shortest, ...more })])[0]!.id;
  expect(ids({})).toBe(suggested.id);
  expect(ids({ seed: 1 })).not.toBe(suggested.id);
});
