import { expect, test } from "vitest";

import { packagesWithInstallScript } from "./support/install-scripts.ts";

/**
 * npm runs the install scripts of packages that the lockfile marks as having one. Ours marks none,
 * see .npmrc; npm writes the mark again for a package that is added anew or changes its version.
 */
test("no package is marked as having an install script", () => {
  expect(
    packagesWithInstallScript("package-lock.json"),
    "take the lines 'hasInstallScript' out of package-lock.json",
  ).toEqual([]);
});
