import { setImmediate as nextTurn } from "node:timers/promises";

import { expect, test } from "vitest";

import { sha256, sha256InTurns } from "../../lib/networks/checksum.ts";
import { countDuring } from "../support/until.ts";

const MIB = 2 ** 20;

test("bytes hashed in turns have the same SHA-256, and the event loop turns for every 8 MiB", async () => {
  const bytes = new Uint8Array(25 * MIB).map((_, i) => (i * 31) >> 7);
  const turns: number[] = [];
  for (const length of [0, 1, 8 * MIB, 8 * MIB + 1, 25 * MIB]) {
    const hashing = sha256InTurns(bytes.subarray(0, length));
    turns.push(await countDuring(hashing, () => nextTurn()));
    expect(await hashing).toBe(sha256(bytes.subarray(0, length)));
  }
  expect(turns.map((count) => count - turns[0]!)).toEqual([0, 0, 0, 1, 3]);
  expect(await sha256InTurns(bytes.subarray(1))).not.toBe(sha256(bytes));
});
