import { expect, test } from "vitest";

import { didYouMean } from "../../lib/networks/did-you-mean.ts";

test("suggestions: parts of names first, at most three, no strangers", () => {
  const names = ["snail", "tiger", "tiger face", "timer clock", "nail polish", "zebra"];
  expect(didYouMean("tiger f", names)).toBe("did you mean 'tiger face' or 'tiger'?");
  expect(didYouMean("NAIL", names)).toBe("did you mean 'snail' or 'nail polish'?");
  expect(didYouMean("xyz", names)).toBe("");
  const fields = ["animation", "numIterations", "initialImage"];
  expect(didYouMean("numIteration", fields)).toBe("did you mean 'numIterations'?");
  expect(didYouMean("anmtion", fields)).toBe("did you mean 'animation'?");
  expect(didYouMean("a", ["a1", "a2", "a3", "a4"])).toBe("did you mean 'a1' or 'a2' or 'a3'?");
});

test("something with several names is suggested once, by its nearest", () => {
  const layers = [
    { label: "'stem' (2)", names: ["stem", "conv1-3x3"] },
    { label: "'head' (9)", names: ["head", "conv1-1x1", "conv1"] },
  ];
  expect(didYouMean("conv1", layers)).toBe("did you mean 'head' (9) or 'stem' (2)?");
});
