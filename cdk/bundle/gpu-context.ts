import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";

import { type CodeBundle, writeCode } from "./function-bundle.ts";
import { repositoryPath } from "./repository.ts";

/** What the image is built from, besides the code: see functions/gpu-worker/image/Dockerfile. */
const IMAGE_FOLDER = "functions/gpu-worker/image";

/**
 * Writes the build context of the GPU workers' image into a folder, which is emptied first.
 *
 * @param bundle of `gpu-worker`
 */
export function writeGpuContext(bundle: CodeBundle, folder: string): string {
  rmSync(folder, { recursive: true, force: true });
  cpSync(repositoryPath(IMAGE_FOLDER), folder, { recursive: true });
  writeCode(bundle, join(folder, "app"));
  return folder;
}
