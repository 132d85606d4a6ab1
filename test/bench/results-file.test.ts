import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "vitest";

import { writeSections } from "../../bench/results-file.ts";
import { temporaryFolder } from "../networks/temporary-folder.ts";

const headings = (text: string) => text.split("\n").filter((line) => line.startsWith("#"));

test("a section takes the place of the one of its title, and others stay", async () => {
  const path = join(await temporaryFolder(), "RESULTS.md");
  const two = [
    { title: "Steps", text: "slow\n\n### of which\n\nall" },
    { title: "Tiles", text: "one\n" },
  ];
  await writeSections(path, two);
  expect(headings(await readFile(path, "utf8"))).toEqual([
    "# Results",
    "## Steps",
    "### of which",
    "## Tiles",
  ]);
  const before = await readFile(path, "utf8");
  await writeSections(path, two);
  expect(await readFile(path, "utf8")).toBe(before);
  await writeSections(path, [
    { title: "Memory", text: "some" },
    { title: "Steps", text: "quick" },
  ]);
  const after = await readFile(path, "utf8");
  expect(headings(after)).toEqual(["# Results", "## Steps", "## Tiles", "## Memory"]);
  expect(after).toContain("quick");
  expect(after).not.toContain("slow");
});

test("what stands before the first section is made anew", async () => {
  const path = join(await temporaryFolder(), "RESULTS.md");
  await writeFile(path, "# Something else\n\nof old\n\n## Tiles\n\nkept\n");
  await writeSections(path, []);
  const text = await readFile(path, "utf8");
  expect(headings(text)).toEqual(["# Results", "## Tiles"]);
  expect(text).not.toContain("of old");
  expect(text).toContain("kept");
});
