import { existsSync } from "node:fs";
import { mkdir, symlink } from "node:fs/promises";
import { basename, join, resolve } from "node:path";

import { build, stop } from "esbuild";

import { bundleOptions, MODULES_FIRST, NATIVE, STARTED_BESIDE } from "../../lib/source-bundle.mjs";

/** What a bundle finds two folders above itself, as the sources do. */
const BESIDE = ["node_modules", "models", "examples"];

/**
 * A TypeScript file that a test starts as a process of its own, bundled for Node: compiled file by
 * file, each start would take two seconds.
 *
 * @param path from the repository
 * @param folder the test's own, which keeps the bundle for the next start
 * @returns path of what to start
 */
export async function bundledScript(path: string, folder: string): Promise<string> {
  const name = basename(path, ".ts");
  const root = join(folder, "scripts");
  const outdir = join(root, "build", name);
  const script = join(outdir, `${name}.mjs`);
  if (existsSync(script)) return script;
  await mkdir(root);
  for (const each of BESIDE) await symlink(resolve(each), join(root, each));
  const beside = Object.entries(STARTED_BESIDE).map(([each, { source }]) => [each, source]);
  const entryPoints = { ...Object.fromEntries(beside), [name]: path };
  await build({ ...bundleOptions(entryPoints, outdir, NATIVE), ...MODULES_FIRST });
  await stop();
  return script;
}
