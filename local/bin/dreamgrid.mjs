#!/usr/bin/env node
import { existsSync } from "node:fs";

// before anything is loaded that an older Node would stumble over
const WANTED = [20, 19];
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < WANTED[0] || (major === WANTED[0] && minor < WANTED[1])) {
  process.stderr.write(
    `dreamgrid: Node ${process.versions.node} is too old; wanted ${WANTED.join(".")} or later\n`,
  );
  process.exit(2);
}

// as soon as they are loaded, packages ask where they are
try {
  process.cwd();
} catch (error) {
  process.stderr.write(
    `dreamgrid: the working folder has been deleted or cannot be read (${error.code}); change to another, and run it again\n`,
  );
  process.exit(2);
}

// A checkout runs its sources; the package has only what was built of them, by a name that the
// type-check does not follow.
const BUILT = "../../dist/esm/command-line.mjs";
if (existsSync(new URL("../cli/main.ts", import.meta.url))) {
  const { importFromSource } = await import("../../lib/source-bundle.mjs");
  await importFromSource("command-line");
} else {
  await import(BUILT);
}
