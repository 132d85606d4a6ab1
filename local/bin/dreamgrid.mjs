#!/usr/bin/env node
import { existsSync } from "node:fs";

// A checkout runs its sources, on any Node we support; the package has only what was built of them.
if (existsSync(new URL("../cli/main.ts", import.meta.url))) {
  const { tsImport } = await import("tsx/esm/api");
  await tsImport("../cli/main.ts", import.meta.url);
} else {
  await import("../../dist/esm/command-line.mjs");
}
