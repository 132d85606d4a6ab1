import { execFile } from "node:child_process";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

import { expect, test } from "vitest";

import { temporaryFolder } from "../networks/temporary-folder.ts";

/** What deploy.sh runs, with programs in place of Node and npx that write down how they are called. */
async function runOf(...options: readonly string[]): Promise<readonly string[]> {
  const folder = await temporaryFolder();
  const log = join(folder, "log");
  for (const name of ["node", "npx"]) {
    const program = `#!/bin/sh\necho "\${AWS_PROFILE:-no profile}: ${name} $*" >>"${log}"\n`;
    await writeFile(join(folder, name), program);
    await chmod(join(folder, name), 0o755);
  }
  const PATH = `${folder}:${process.env["PATH"]}`;
  await promisify(execFile)("cdk/deploy.sh", [...options], { env: { PATH } });
  return (await readFile(log, "utf8")).trimEnd().split("\n");
}

const DOCTOR = "node local/bin/dreamgrid.mjs doctor --cloud";

test("the quotas that are asked for are of the deployment's settings and account", async () => {
  expect(await runOf()).toEqual([`no profile: ${DOCTOR}`, "no profile: npx cdk deploy"]);
  const options = ["-c", "gpu=batch", "--profile", "a b", "--context=stage=x", "--hotswap"];
  expect(await runOf(...options)).toEqual([
    `a b: ${DOCTOR} -c gpu=batch -c stage=x`,
    `a b: npx cdk deploy ${options.join(" ")}`,
  ]);
  expect(await runOf("--profile=test", "-c=gpu=none")).toEqual([
    `test: ${DOCTOR} -c gpu=none`,
    "test: npx cdk deploy --profile=test -c=gpu=none",
  ]);
});
