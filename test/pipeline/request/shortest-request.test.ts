import { expect, test } from "vitest";

import { parseRequest } from "../../../lib/pipeline/request/request.ts";
import { resolveRequest } from "../../../lib/pipeline/request/resolve-request.ts";
import { shortestRequest } from "../../../lib/pipeline/request/shortest-request.ts";
import { emojinet } from "../../support/emojinet.ts";

const WHAT = { network: "emojinet", layer: "inception_4e-1x1", channels: [2, 5] };
const resolve = (json: object) => resolveRequest(parseRequest(json), emojinet, null);

test.each<[how: string, given: object, shortest: object]>([
  ["the default method", {}, { method: "deepdream" }],
  [
    "what is written though it is the default",
    { method: "deepdream", numIterations: 10, seed: 0, montage: { borderSize: 0 } },
    { method: "deepdream" },
  ],
  ["one field of its own", { pyramidLevels: 1 }, { method: "deepdream", pyramidLevels: 1 }],
  [
    "a part of an object",
    { montage: { title: "Four e", borderSize: 0 } },
    { method: "deepdream", montage: { title: "Four e" } },
  ],
  ["the default preset", { method: "fourier" }, { method: "fourier", preset: "natural" }],
  [
    "another preset",
    { method: "fourier", preset: "channels", seed: 3 },
    { method: "fourier", preset: "channels", seed: 3 },
  ],
  [
    "a preset but for its iterations",
    { method: "fourier", preset: "channels", numIterations: 16 },
    { method: "fourier", preset: "channels", numIterations: 16 },
  ],
  [
    "another preset, written as one and its parameters",
    { method: "fourier", preset: "poster", numIterations: 96, learningRate: 0.18 },
    { method: "fourier", preset: "vivid" },
  ],
  [
    "phases alone, written as such",
    { method: "fourier", fixedMagnitude: 1.2, learningRate: 1, spectrumDecay: 1.35 },
    { method: "fourier", preset: "maco" },
  ],
  [
    "a fixed magnitude of its own",
    { method: "fourier", fixedMagnitude: 0.8 },
    { method: "fourier", preset: "natural", fixedMagnitude: 0.8 },
  ],
  [
    "a preset that fades",
    { method: "fourier", preset: "maco", fadeTo: "white" },
    { method: "fourier", preset: "maco", fadeTo: "white" },
  ],
  [
    "a painting in fewer ellipses",
    { method: "fourier", preset: "ellipses", ellipses: 30 },
    { method: "fourier", preset: "ellipses", ellipses: 30 },
  ],
  [
    "a part of a range",
    { method: "fourier", cropFraction: { end: [0.4, 0.7] } },
    { method: "fourier", preset: "natural", cropFraction: { end: [0.4, 0.7] } },
  ],
  [
    "a crop, from which canvas and margin follow",
    { method: "fourier", preset: "channels", cropSize: 96 },
    { method: "fourier", preset: "channels", cropSize: [96, 96] },
  ],
  [
    "sizes that are the preset's on this network",
    { method: "fourier", preset: "channels", cropSize: 128, canvasSize: [192, 192] },
    { method: "fourier", preset: "channels" },
  ],
])("the shortest request has %s", async (_, given, shortest) => {
  const resolved = await resolve({ ...WHAT, ...given });
  const found = shortestRequest(resolved);
  expect(found).toEqual({ ...WHAT, ...shortest });
  expect((await resolve(found)).request).toEqual(resolved.request);
});

test("a plan of before has its parameters one by one", async () => {
  const resolved = await resolve({ ...WHAT, method: "fourier", preset: "lucid" });
  const found = shortestRequest({ ...resolved, presetForm: null });
  expect(found).toMatchObject({ numIterations: 512, learningRate: 0.05, cropSize: [128, 128] });
  expect(found).not.toHaveProperty("preset");
  expect((await resolve(found)).request).toEqual(resolved.request);
});
