import { readFileSync } from "node:fs";

import { expect, test } from "vitest";
import { z } from "zod";

const lockfile = z.object({
  packages: z.record(z.string(), z.object({ hasInstallScript: z.boolean().optional() })),
});

/**
 * npm runs the install scripts of packages that the lockfile marks as having one. Ours marks none,
 * see .npmrc; npm writes the mark again for a package that is added anew or changes its version.
 */
test("no package is marked as having an install script", () => {
  const { packages } = lockfile.parse(JSON.parse(readFileSync("package-lock.json", "utf8")));
  const marked = Object.keys(packages).filter((path) => packages[path]?.hasInstallScript);
  expect(marked, "take the lines 'hasInstallScript' out of package-lock.json").toEqual([]);
});
