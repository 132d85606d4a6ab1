import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

export type Environment = Readonly<Record<string, string | undefined>>;

/** `DREAMGRID_CACHE`, else `dreamgrid` in the user's cache folder (XDG Base Directory). */
export function cacheFolder(env: Environment): string {
  if (env["DREAMGRID_CACHE"]) return env["DREAMGRID_CACHE"];
  return join(env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "dreamgrid");
}

/** Where networks are looked for, and where downloaded models are kept. */
export function networkFolders(env: Environment) {
  return { folders: defaultFolders(env), cacheFolder: cacheFolder(env) };
}

/** Folders that hold networks: the package's `models/`, those of `DREAMGRID_MODELS`, the cache. */
export function defaultFolders(env: Environment): string[] {
  const given = (env["DREAMGRID_MODELS"] ?? "").split(delimiter).filter((folder) => folder !== "");
  return [fileURLToPath(new URL("../../models", import.meta.url)), ...given, cacheFolder(env)];
}
