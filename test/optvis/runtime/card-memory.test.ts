import { expect, test } from "vitest";

import { cardBytes } from "../../../lib/optvis/runtime/card-memory.ts";
import { fakeNvidiaSmi } from "../../support/fake-nvidia-smi.ts";

test("a card's memory is what nvidia-smi says; of several cards the least", async () => {
  const answers = fakeNvidiaSmi();
  // without the program
  expect(await cardBytes("free")).toBeNull();
  answers(`case "$1" in *=memory.free) echo " 3072";; *=memory.total) echo 4096;; esac`);
  expect(await cardBytes("free")).toBe(3_221_225_472);
  expect(await cardBytes("total")).toBe(4_294_967_296);
  answers("echo 81920; echo 24576");
  expect(await cardBytes("free")).toBe(25_769_803_776);
  // all of it is taken, which is not the same as not known
  answers("echo 0");
  expect(await cardBytes("free")).toBe(0);
});

test.each([
  ["a share of a card", "echo '[N/A]'"],
  ["one card of two", "echo 4096; echo '[N/A]'"],
  ["no card", "echo 'No devices were found'"],
  ["nothing at all", ":"],
  ["a driver that fails after an answer", "echo 81920; exit 9"],
])("%s does not tell", async (_, shell) => {
  fakeNvidiaSmi()(shell);
  expect(await cardBytes("total")).toBeNull();
});
