import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { bundlePage } from "../page/bundle-page.ts";

/** What a licence's file is called in a package. */
const LICENCE_FILES = ["LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE"];

/**
 * Writes the page as browsers get it, with the licences of the packages whose code is in it.
 *
 * @param root the repository
 */
export async function buildPage(root: string, target: string): Promise<void> {
  const { files, packages } = await bundlePage();
  await mkdir(target, { recursive: true });
  await copyFile(join(root, "web/index.html"), join(target, "index.html"));
  for (const { name, bytes } of files) await writeFile(join(target, name), bytes);
  const licences = await Promise.all(packages.map((folder) => licenceOf(root, folder)));
  await writeFile(join(target, "LICENSES.txt"), licences.join("\n\n"));
}

async function licenceOf(root: string, folder: string): Promise<string> {
  const path = LICENCE_FILES.map((name) => join(root, folder, name)).find(existsSync);
  if (path === undefined) throw new Error(`${folder} is in the page, but has no licence's file`);
  const name = folder.replace("node_modules/", "");
  return `${name}\n${"=".repeat(name.length)}\n\n${await readFile(path, "utf8")}`;
}
