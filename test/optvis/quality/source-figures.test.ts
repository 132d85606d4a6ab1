import { describe, expect, test } from "vitest";

import { deservesAnotherSeed, isBetter, qualityCard } from "../../../lib/optvis/quality/card.ts";
import { sourceFigures } from "../../../lib/optvis/quality/source-figures.ts";

const of = (...values: number[]) => Float32Array.from(values);

describe("sourceFigures", () => {
  test("a feature's robustness is the mean share of the other channels below it", () => {
    const copies = [of(5, 1, 2, 3, 4), of(3, 1, 2, 4, 5), of(0, 1, 2, 3, 4)];
    expect(sourceFigures(0, "features", of(9, 1, 20, 3, 4), copies)).toEqual({
      activation: 9,
      probability: null,
      rank: 2,
      robustness: (1 + 0.5 + 0) / 3,
    });
  });

  test("a tie is never a win: a channel that nothing excites is last", () => {
    const dead = of(0, 0, 0);
    expect(sourceFigures(1, "features", dead, [dead])).toMatchObject({ rank: 3, robustness: 0 });
  });

  test("logits become probabilities by softmax, however large they are", () => {
    const [picture, copy] = [of(1000, 1000 + Math.log(3)), of(0, 0)];
    expect(sourceFigures(1, "logits", picture, [copy, picture])).toEqual({
      activation: picture[1],
      probability: expect.closeTo(0.75, 4) as number,
      rank: 1,
      robustness: expect.closeTo(0.625, 4) as number,
    });
  });

  test("logits of classes by themselves become probabilities by the sigmoid, however large", () => {
    const picture = of(Math.log(3), 1000, -1000);
    const copy = of(Math.log(1 / 3), 0, 0);
    expect(sourceFigures(0, "multi-label logits", picture, [copy, picture])).toMatchObject({
      probability: expect.closeTo(0.75, 6) as number,
      rank: 2,
      robustness: expect.closeTo(0.5, 6) as number,
    });
    const far = sourceFigures(2, "multi-label logits", picture, [copy]);
    expect(far).toMatchObject({ probability: 0, robustness: 0.5 });
  });

  test("probabilities stay as they are", () => {
    const figures = sourceFigures(2, "probabilities", of(0.25, 0.25, 0.5), [of(0.5, 0.25, 0.25)]);
    expect(figures).toMatchObject({ probability: 0.5, rank: 1, robustness: 0.25 });
  });

  test("the only channel of a layer is above all others", () => {
    expect(sourceFigures(0, "features", of(-2), [of(-3)])).toMatchObject({
      rank: 1,
      robustness: 1,
    });
  });

  test("what is not finite is not compared", () => {
    expect(sourceFigures(0, "features", of(1, NaN), [of(1, 0)])).toBeNull();
    expect(sourceFigures(0, "features", of(1, 0), [of(1, Infinity)])).toBeNull();
  });
});

describe("qualityCard", () => {
  const source = { activation: 1, probability: null, rank: 1, robustness: 0.5 };
  const good = qualityCard({ luminanceDeviation: 0.1, fineShare: 0.15 }, source);

  test("at the thresholds nothing is marked", () => {
    expect(good).toMatchObject({ marks: [], selective: true });
    expect(deservesAnotherSeed(good)).toBe(false);
  });

  test.each([
    [{ luminanceDeviation: 0.049, fineShare: 0 }, source, ["blank"], true],
    [{ luminanceDeviation: 0.05, fineShare: 0 }, source, ["washed out"], false],
    [{ luminanceDeviation: 0.2, fineShare: 0.151 }, source, ["noisy"], false],
    [{ luminanceDeviation: 0.2, fineShare: 0 }, { ...source, robustness: 0.49 }, ["fragile"], true],
    [{ luminanceDeviation: 0, fineShare: 0.2 }, null, ["blank", "noisy", "fragile"], true],
  ])("%o of %o is marked %o", (look, figures, marks, again) => {
    const card = qualityCard(look, figures);
    expect(card.marks).toEqual(marks);
    expect(deservesAnotherSeed(card)).toBe(again);
  });

  test("not blank is better than robust, robuster is better, and a tie keeps the first", () => {
    const card = (luminanceDeviation: number, robustness: number) =>
      qualityCard({ luminanceDeviation, fineShare: 0 }, { ...source, robustness });
    expect(isBetter(card(0.2, 0.1), card(0.01, 0.9))).toBe(true);
    expect(isBetter(card(0.01, 0.9), card(0.2, 0.1))).toBe(false);
    expect(isBetter(card(0.2, 0.4), card(0.2, 0.3))).toBe(true);
    expect(isBetter(card(0.2, 0.3), card(0.2, 0.3))).toBe(false);
  });

  test("a channel that is not first among its layer's is not selective", () => {
    expect(qualityCard(good, { ...source, rank: 2 }).selective).toBe(false);
  });
});
