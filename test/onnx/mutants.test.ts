import { describe, expect, test } from "vitest";

import { examineModel, type Verdict } from "../support/examine-model.ts";
import { mutant } from "../support/mutants.ts";
import { mutantSeeds } from "../support/mutant-seeds.ts";

/** `npm run test:fuzz` asks for more. */
const COUNT = Number(process.env["DREAMGRID_MUTANTS"] ?? 300);

const seeds = mutantSeeds();

/** How many mutants are accepted and refused, and the stack traces of the others. */
async function surveyMutants(examine: (bytes: Uint8Array) => Promise<Verdict>) {
  const counts = { accepted: 0, refused: 0 };
  const faults: string[] = [];
  for (let seed = 0; seed < COUNT; seed++) {
    try {
      counts[(await examine(mutant(seeds[seed % seeds.length]!, seed))).kind]++;
    } catch (error) {
      faults.push(`mutant ${seed}: ${error instanceof Error ? error.stack : String(error)}`);
    }
  }
  return { ...counts, faults };
}

describe(`${COUNT} mutants of models`, () => {
  test("what they are made of is accepted", async () => {
    const verdicts = await Promise.all(seeds.map(examineModel));
    expect(verdicts.map(({ kind }) => kind)).toEqual(seeds.map(() => "accepted"));
  });

  test("each ends as a network or in a message, none in a mistake of ours", async () => {
    const { accepted, refused, faults } = await surveyMutants(examineModel);
    expect(faults).toEqual([]);
    // they reach both ends
    expect(accepted).toBeGreaterThan(COUNT / 10);
    expect(refused).toBeGreaterThan(COUNT / 10);
  });

  test("a mistake of ours would be seen", async () => {
    const { faults } = await surveyMutants(async (bytes) => {
      const verdict = await examineModel(bytes);
      // as an object used as a map answers
      if (verdict.kind === "refused" && verdict.reason.includes("toString")) throw new TypeError();
      return verdict;
    });
    expect(faults.length).toBeGreaterThan(0);
  });
});
