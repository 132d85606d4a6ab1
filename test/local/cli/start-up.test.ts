import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

import { expect, test } from "vitest";

/**
 * Packages loaded with a file: through imports at its head, not through `import()` nor of types
 * alone.
 */
function packagesLoadedWith(
  path: string,
  seen: Set<string> = new Set<string>(),
): ReadonlySet<string> {
  const found = new Set<string>();
  if (seen.has(path)) return found;
  seen.add(path);
  const heads = readFileSync(path, "utf8").matchAll(
    /^import\s+(?!type\b)(?:[^;"]*\bfrom\s+)?"([^"]+)"/gm,
  );
  for (const [, specifier = ""] of heads) {
    if (specifier.startsWith("node:")) continue;
    if (!specifier.startsWith(".")) found.add(specifier);
    else {
      const next = normalize(join(dirname(path), specifier));
      for (const each of packagesLoadedWith(next, seen)) found.add(each);
    }
  }
  return found;
}

test("help and misspelt options need nothing but the parser of the command line", () => {
  expect([...packagesLoadedWith("local/cli/main.ts")]).toEqual(["commander"]);
});

test("what a command's work needs is seen; what threads have, or pictures want, is waited for later", () => {
  const packages = [...packagesLoadedWith("local/cli/render-requests.ts")];
  expect(packages).toEqual(expect.arrayContaining(["@aws-sdk/client-s3", "zod"]));
  expect(packages.filter((name) => ["onnxruntime-node", "sharp"].includes(name))).toEqual([]);
});
