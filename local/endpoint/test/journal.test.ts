import { execFile } from "node:child_process";
import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

import { afterEach, beforeEach, expect, test } from "vitest";

import { Journal } from "../src/storage/journal.ts";
import { newFolder } from "./support/target.ts";

const run = promisify(execFile);
const FIXTURE = join(import.meta.dirname, "fixtures/fill-journal.ts");

let folder: string;
beforeEach(async () => {
  folder = await newFolder();
});
afterEach(() => rmSync(folder, { recursive: true }));

test.skipIf(process.platform === "win32")(
  "a record that found no room leaves nothing behind, and later ones are read again",
  async () => {
    const path = join(folder, "journal.jsonl");
    // files of up to 4 MiB: the fourth record of 1.2 MB is cut in the middle
    const command = `ulimit -f 4096; exec "${process.execPath}" --import tsx "${FIXTURE}" "${path}"`;
    const { stdout } = await run("bash", ["-c", command]);
    expect(stdout).toContain("EFBIG");
    expect(statSync(path).size).toBeLessThan(4 * 1_200_000);
    const numbers: unknown[] = [];
    new Journal(path, (record) => numbers.push((record as { number: number }).number)).close();
    expect(numbers).toEqual([1, 2, 3, 4]);
  },
);
