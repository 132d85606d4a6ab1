import { execFile } from "node:child_process";
import { readdir } from "node:fs/promises";
import { promisify } from "node:util";

import { expect, test } from "vitest";

import { temporaryFolder } from "../../networks/temporary-folder.ts";
import { bundledScript } from "../../support/bundled-script.ts";

const run = promisify(execFile);

test("a session leaves nothing behind, and no word of it goes out", async () => {
  const script = await bundledScript("test/support/one-session.ts", await temporaryFolder());
  const home = await temporaryFolder();
  // no variable by which ONNX Runtime might take this for a test and be silent by itself
  const env = { PATH: process.env["PATH"], TMPDIR: home, HOME: home };
  const { stdout } = await run(process.execPath, [script], { env });
  expect(JSON.parse(stdout)).toEqual([-1, -2]);
  expect(await readdir(home)).toEqual([]);
});
