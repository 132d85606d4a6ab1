import { fileURLToPath } from "node:url";

import { build } from "esbuild";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** A file of a bundle: its name, and its bytes. */
export interface BundledFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface Bundle {
  readonly files: readonly BundledFile[];
  /** Folders of the packages whose code is in it, such as `node_modules/preact`. */
  readonly packages: readonly string[];
}

/**
 * Bundles `web/` for the browser: `main.js`, an ES module, which loads what is seldom wanted when it
 * is wanted, `layout-worker.js`, a thread's, and `main.css`.
 */
export async function bundlePage(): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: ["web/main.tsx", "web/parts/layout-worker.ts"],
    outdir: "page",
    entryNames: "[name]",
    write: false,
    metafile: true,
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    tsconfig: "web/tsconfig.json",
    legalComments: "none",
    logLevel: "silent",
  });
  return {
    files: outputFiles.map(({ path, contents }) => ({
      name: path.replaceAll("\\", "/").split("/").at(-1)!,
      bytes: contents,
    })),
    packages: packagesOf(Object.keys(metafile.inputs)),
  };
}

function packagesOf(inputs: readonly string[]): readonly string[] {
  const folders = inputs.flatMap(
    (path) => /^node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? [],
  );
  return [...new Set(folders)].toSorted();
}
