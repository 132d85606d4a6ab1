import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

import { NetworkError } from "./errors.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * `DREAMGRID_CACHE`, else `dreamgrid` in the user's cache folder (XDG Base Directory).
 *
 * @throws NetworkError where neither the environment nor the system knows a home
 */
export function cacheFolder(env: Environment, home: () => string = homedir): string {
  if (env["DREAMGRID_CACHE"]) return env["DREAMGRID_CACHE"];
  return join(env["XDG_CACHE_HOME"] || join(homeOf(home), ".cache"), "dreamgrid");
}

/** A container's user may be a number alone. */
function homeOf(home: () => string): string {
  try {
    return home();
  } catch (error) {
    throw new NetworkError(
      "this user has no home folder, where networks and what is known of cards are kept; name a folder in DREAMGRID_CACHE",
      { cause: error },
    );
  }
}

/** Where networks are looked for, and where downloaded models are kept. */
export function networkFolders(env: Environment) {
  return { folders: defaultFolders(env), cacheFolder: cacheFolder(env) };
}

/** Folders that hold networks: the package's `models/`, those of `DREAMGRID_MODELS`, the cache. */
export function defaultFolders(env: Environment): string[] {
  const own = fileURLToPath(new URL("../../models", import.meta.url));
  return [own, ...givenFolders(env), cacheFolder(env)];
}

/** Those of `DREAMGRID_MODELS`. */
export function givenFolders(env: Environment): string[] {
  return (env["DREAMGRID_MODELS"] ?? "").split(delimiter).filter((folder) => folder !== "");
}
