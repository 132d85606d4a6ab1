import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { expect, onTestFinished, test } from "vitest";

import { newFolder } from "./support/target.ts";

const LOCKS = 300;
const script = join(import.meta.dirname, "fixtures/take-locks.ts");

interface Taken {
  readonly got: readonly number[];
  /** Other than that another process has a lock. */
  readonly problems: readonly string[];
}

test("of two processes that start on one folder at the same moment one has it, be it left by a killed one", async () => {
  const root = await newFolder();
  const takers = [1, 2].map(() =>
    spawn(process.execPath, ["--import", "tsx", script, root, String(LOCKS)], {
      stdio: ["pipe", "pipe", "inherit"],
    }),
  );
  onTestFinished(() => {
    for (const taker of takers) taker.kill();
    rmSync(root, { recursive: true });
  });
  for (let i = 0; i < LOCKS; i += 2) {
    const lock = join(root, String(i), "1");
    mkdirSync(lock, { recursive: true });
    // a start time that no process has
    writeFileSync(join(lock, "owner.json"), JSON.stringify({ pid: 1, startTime: "-1" }));
  }
  const line = async ({ stdout }: ChildProcess) => String(await once(stdout!, "data"));
  await Promise.all(takers.map(line));
  const startMs = Date.now() + 20;
  for (const { stdin } of takers) stdin.write(String(startMs));
  const lines = await Promise.all(takers.map(line));
  const taken = lines.map((text) => JSON.parse(text) as Taken);
  expect(taken.flatMap(({ problems }) => problems)).toEqual([]);
  const got = taken.flatMap((each) => each.got).toSorted((a, b) => a - b);
  expect(got).toEqual(Array.from({ length: LOCKS }, (_, i) => i));
});
