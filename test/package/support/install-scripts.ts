import { readFileSync } from "node:fs";

import * as z from "zod";

const lockfileSchema = z.object({
  packages: z.record(z.string(), z.object({ hasInstallScript: z.boolean().optional() })),
});

/** Folders of the packages that a lockfile of npm marks as having an install script. */
export function packagesWithInstallScript(lockfile: string): readonly string[] {
  const { packages } = lockfileSchema.parse(JSON.parse(readFileSync(lockfile, "utf8")));
  return Object.keys(packages).filter((path) => packages[path]?.hasInstallScript);
}
