import { readFileSync } from "node:fs";
import { rename, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";

import { expect, onTestFinished, test, vi } from "vitest";

import { fileSha256, sha256, sha256InTurns } from "../../lib/networks/checksum.ts";
import { countDuring } from "../support/until.ts";
import { temporaryFolder } from "./temporary-folder.ts";

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

/** Until the test has ended. */
function setNow(nowMs: number): void {
  const spy = vi.spyOn(Date, "now").mockReturnValue(nowMs);
  onTestFinished(() => spy.mockRestore());
}

/** As if files had not been touched for a while. */
const later = () => setNow(Date.now() + 60_000);

test("a file that is changed has another SHA-256, whatever its size and times", async () => {
  const path = join(await temporaryFolder(), "model.onnx");
  const other = `${path}.other`;
  for (const [at, change] of [
    ["later", (text: string) => writeFile(path, text)],
    ["at once", (text: string) => writeFile(path, text)],
    [
      "moved",
      async (text: string) => {
        await writeFile(other, text);
        await rename(other, path);
      },
    ],
  ] as const) {
    if (at === "later") later();
    await writeFile(path, `before ${at}`);
    const { mtime, atime } = await stat(path);
    expect(await fileSha256(path)).toBe(sha256(`before ${at}`));
    await change(`behind ${at}`);
    await utimes(path, atime, mtime);
    expect(await fileSha256(path)).toBe(sha256(`behind ${at}`));
  }
});

const bytesRead = () => Number(/^rchar: (\d+)$/m.exec(readFileSync("/proc/self/io", "utf8"))?.[1]);

test.runIf(process.platform === "linux")(
  "a file is read once, unless it was written so lately that a further change might not show",
  async () => {
    const path = join(await temporaryFolder(), "model.onnx");
    const bytes = new Uint8Array(16 * MIB).fill(7);
    await writeFile(path, bytes);
    // however long this process is stopped
    setNow((await stat(path)).ctimeMs + 1_000);
    const readBy = async (work: () => Promise<string>) => {
      const before = bytesRead();
      expect(await work()).toBe(sha256(bytes));
      return bytesRead() - before;
    };
    expect(await readBy(() => fileSha256(path))).toBeGreaterThan(bytes.length);
    expect(await readBy(() => fileSha256(path))).toBeGreaterThan(bytes.length);
    later();
    expect(await readBy(() => fileSha256(path))).toBeGreaterThan(bytes.length);
    expect(await readBy(() => fileSha256(path))).toBeLessThan(bytes.length / 2);
  },
);
