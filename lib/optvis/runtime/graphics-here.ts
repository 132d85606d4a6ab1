import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";

/** Lists of cards, and of Vulkan's drivers. */
const FOLDERS = [
  "proc/driver/nvidia/gpus",
  "dev/dri",
  "etc/vulkan/icd.d",
  "usr/share/vulkan/icd.d",
] as const;

/**
 * What Linux tells of its graphics cards and their drivers, to see whether they are the same as
 * before; elsewhere the same of all.
 *
 * @param root where the system's folders are. @default "/"
 */
export async function graphicsHere(root = "/"): Promise<readonly string[]> {
  const driver = readFile(join(root, "proc/driver/nvidia/version"), "utf8").catch(() => "");
  // written anew whenever a library comes or goes, such as CUDA's
  const libraries = stat(join(root, "etc/ld.so.cache")).then(
    ({ mtimeMs }) => `${mtimeMs}`,
    () => "",
  );
  const lists = FOLDERS.map(async (folder) => {
    const names = await readdir(join(root, folder)).catch((): string[] => []);
    return names.toSorted().join(" ");
  });
  return Promise.all([driver, libraries, ...lists]);
}
