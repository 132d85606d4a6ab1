import { execFileSync, spawnSync } from "node:child_process";
import { cp, readdir, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "vitest";

import { temporaryFolder } from "./networks/temporary-folder.ts";

/** What of a checkout its sources are bundled from. */
const PARTS = ["lib", "functions", "local", "cdk", "package.json", "package-lock.json"];

test("a checkout runs its sources as they are now, bundled once", async () => {
  // as stacks have it: temporary folders may lie behind a link
  const checkout = await realpath(await temporaryFolder());
  for (const part of PARTS) await cp(part, join(checkout, part), { recursive: true });
  await symlink(join(process.cwd(), "node_modules"), join(checkout, "node_modules"));
  const run = (...words: string[]) =>
    execFileSync(process.execPath, [join(checkout, "local/bin/dreamgrid.mjs"), ...words], {
      encoding: "utf8",
    });
  const bundles = async () => (await readdir(join(checkout, "build"))).length;

  const help = () => run("analyze", "--help");
  const first = help();
  expect([help(), await bundles()]).toEqual([first, 1]);

  const command = join(checkout, "local/cli/analyze.ts");
  const source = await readFile(command, "utf8");
  const fault = 'if (process.env["A_FAULT"]) throw new Error("a fault");';
  const changed = source.replace("print it as JSON", "in JSON");
  await writeFile(command, changed.replace(/^(?=export function)/m, `${fault}\n`));
  // as one that another process moves into its place while this one looks at what is old
  const moved = join(checkout, "build", "making-moved");
  await symlink("its place", moved);
  expect(help()).toBe(first.replace("print it as JSON", "in JSON"));
  await rm(moved);
  expect(help()).not.toBe(first);
  expect(await bundles()).toBe(2);

  // a fault names the place in the sources
  const line = 1 + (await readFile(command, "utf8")).split("\n").indexOf(fault);
  const column = 1 + fault.indexOf("new Error");
  expect(line).toBeGreaterThan(1);
  const { stderr, status } = spawnSync(
    process.execPath,
    [join(checkout, "local/bin/dreamgrid.mjs"), "analyze", "--help"],
    { encoding: "utf8", env: { ...process.env, A_FAULT: "now" } },
  );
  expect(status).toBe(1);
  expect(stderr).toContain(`Error: a fault\n    at ${command}:${line}:${column}\n`);
});
