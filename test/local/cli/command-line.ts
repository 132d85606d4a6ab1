import { spawn } from "node:child_process";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { text } from "node:stream/consumers";

import { expect } from "vitest";

import type { Environment } from "../../../lib/networks/folders.ts";
import { runCommandLine } from "../../../local/cli/run-command-line.ts";
import { filesIn } from "../../networks/temporary-folder.ts";

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs `dreamgrid` in this process: the same code, without the half second that Node takes to
 * start.
 */
export function run(...words: readonly string[]): Promise<Ended> {
  return runWith({}, ...words);
}

/** A line of a bar: there are some where a machine is slow, and none where it is quick. */
const PROGRESS = /^[^\n]* \[[#.]+\] \d+ %[^\n]*\n$/;

interface Surroundings {
  readonly env?: Environment;
  readonly stdin?: string;
  /** Called with each line of standard output as it comes. */
  readonly onLine?: (line: string) => void;
}

/** As `run`, in an environment and with something to read. */
export async function runWith(
  { env = {}, stdin = "", onLine }: Surroundings,
  ...words: readonly string[]
): Promise<Ended> {
  let [stdout, stderr] = ["", ""];
  const code = await runCommandLine(words, {
    env: { DREAMGRID_CACHE: "/nonexistent/cache", DREAMGRID_GPU: "off", ...env },
    stdin: Readable.from([Buffer.from(stdin)]),
    stdout: {
      write: (part: string) => {
        stdout += part;
        onLine?.(part);
      },
    },
    stderr: {
      write: (part: string) => {
        if (!PROGRESS.test(part)) stderr += part;
      },
    },
  });
  return { code, stdout, stderr };
}

/** Runs `dreamgrid` as a process of its own. */
export async function runProcess(...words: readonly string[]): Promise<Ended> {
  const bin = fileURLToPath(new URL("../../../local/bin/dreamgrid.mjs", import.meta.url));
  const child = spawn(process.execPath, [bin, ...words], {
    env: { ...process.env, DREAMGRID_CACHE: "/nonexistent/cache" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise<number>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? -1));
  });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await ended, stdout, stderr };
}

/**
 * Asserts that the request is refused in one line that says `message`, and that nothing is written.
 */
export async function expectRefused(
  folder: string,
  words: readonly string[],
  message: string | RegExp,
  runner: (...words: readonly string[]) => Promise<Ended> = run,
): Promise<void> {
  const before = await filesIn(folder);
  const { code, stdout, stderr } = await runner(...words);
  expect(stderr).toMatch(/^dreamgrid: [^\n]+\n$/);
  expect(stderr).toMatch(message);
  expect(stderr, "our own stack or wording for broken invariants").not.toMatch(
    /internal:|\bat \S+:\d+/,
  );
  expect(stdout).toBe("");
  expect(code).toBe(2);
  expect(await filesIn(folder)).toEqual(before);
}
