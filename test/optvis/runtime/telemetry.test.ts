import { execFile } from "node:child_process";
import { mkdtemp, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { expect, test } from "vitest";

import { bundledScript } from "../../support/bundled-script.ts";

const run = promisify(execFile);

test("a session leaves nothing behind, and no word of it goes out", async () => {
  const script = await bundledScript(
    "test/support/one-session.ts",
    await mkdtemp(join(tmpdir(), "dreamgrid-test-")),
  );
  const home = await mkdtemp(join(tmpdir(), "dreamgrid-test-"));
  // no variable by which ONNX Runtime might take this for a test and be silent by itself
  const env = { PATH: process.env["PATH"], TMPDIR: home, HOME: home };
  const { stdout } = await run(process.execPath, [script], { env });
  expect(JSON.parse(stdout)).toEqual([-1, -2]);
  expect(await readdir(home)).toEqual([]);
});
