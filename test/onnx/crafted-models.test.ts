import { describe, expect, test } from "vitest";

import { CRAFTED_MODELS } from "../support/crafted-models.ts";
import { examineModel } from "../support/examine-model.ts";

const cases = [...CRAFTED_MODELS].map(([name, [bytes, expected]]) => ({ name, bytes, expected }));
const refused = cases.flatMap(({ expected, ...rest }) =>
  expected instanceof RegExp ? [{ ...rest, expected }] : [],
);

describe("a small file that asks for much", () => {
  test.each(cases.filter(({ expected }) => typeof expected === "number"))(
    "is a network: $name",
    async ({ bytes, expected }) => {
      expect(await examineModel(bytes())).toEqual({ kind: "accepted", layers: expected });
    },
  );

  test.each(refused)("is refused in one line: $name", async ({ bytes, expected }) => {
    const verdict = await examineModel(bytes());
    expect(verdict).toEqual({ kind: "refused", reason: expect.stringMatching(expected) });
  });
});
