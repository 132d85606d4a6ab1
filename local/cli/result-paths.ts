import { join } from "node:path";

/** Where `dream` puts what it makes of a request. */
export interface ResultPaths {
  readonly sheet: string;
  readonly manifest: string;
  /** The folder of its images, each under its channel's number. */
  readonly tiles: string;
}

export function resultPaths(folder: string, name: string): ResultPaths {
  return {
    sheet: join(folder, `${name}.png`),
    manifest: join(folder, `${name}.manifest.json`),
    tiles: join(folder, `${name}.tiles`),
  };
}
