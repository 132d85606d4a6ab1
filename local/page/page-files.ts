import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";

import type { BundledFile } from "./bundle-page.ts";

/** What the browser is given, by its path from the page's address. */
export type PageFiles = ReadonlyMap<string, PageFile>;

export interface PageFile {
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

const SOURCES = new URL("../../web/", import.meta.url);
/** In the package, beside the bundle that this is part of. */
const BUILT = new URL("../page/", import.meta.url);

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
};

let files: Promise<PageFiles> | null = null;

/** The page's files: in a checkout bundled from source at the first call, in the package built. */
export function pageFiles(): Promise<PageFiles> {
  files ??= readPageFiles();
  // a source that does not compile is mended without a restart
  files.catch(() => (files = null));
  return files;
}

async function readPageFiles(): Promise<PageFiles> {
  if (!existsSync(SOURCES)) {
    const names = await readdir(BUILT);
    const contents = names.map(async (name) => ({
      name,
      bytes: await readFile(new URL(name, BUILT)),
    }));
    return named(await Promise.all(contents));
  }
  const { bundlePage } = await import("./bundle-page.ts");
  const index = { name: "index.html", bytes: await readFile(new URL("index.html", SOURCES)) };
  return named([index, ...(await bundlePage()).files]);
}

function named(contents: readonly BundledFile[]): PageFiles {
  return new Map(
    contents.flatMap(({ name, bytes }) => {
      const contentType = CONTENT_TYPES[name.split(".").at(-1)!];
      if (contentType === undefined) return [];
      return [[name === "index.html" ? "/" : `/page/${name}`, { contentType, bytes }]];
    }),
  );
}
