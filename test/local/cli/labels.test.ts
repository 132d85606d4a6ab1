import { expect, test } from "vitest";

import { run } from "./command-line.ts";

test("dreamgrid labels prints the classes asked for, in their order", async () => {
  const { code, stdout } = await run("labels", "emojinet", "3", "1");
  expect(code).toBe(0);
  const lines = stdout.trimEnd().split("\n");
  expect(lines.map((line) => line.split("\t")[0])).toEqual(["3", "1"]);
  const all = (await run("labels", "emojinet")).stdout.trimEnd().split("\n");
  expect(lines).toEqual([all[2], all[0]]);
  expect(new Set(all).size).toBeGreaterThan(10);
});

test("a class that is not there, and what is no number, are refused in one line", async () => {
  const missing = await run("labels", "emojinet", "100000");
  expect([missing.code, missing.stderr]).toEqual([
    2,
    expect.stringMatching(/no class 100000; wanted 1 to \d+\n$/),
  ]);
  const { code, stderr } = await run("labels", "emojinet", "tiger");
  expect([code, stderr]).toEqual([2, expect.stringContaining("want a whole number from 1 up. ")]);
});
