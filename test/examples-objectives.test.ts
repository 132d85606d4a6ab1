import { readdir, readFile } from "node:fs/promises";

import { expect, test } from "vitest";

import { TARGET_KINDS } from "../lib/pipeline/request/fields/targets.ts";
import { parseLocalRequest } from "../lib/pipeline/request/request.ts";
import { resolveRequest } from "../lib/pipeline/request/resolve-request.ts";
import { pinTargetFiles } from "../lib/pipeline/request/target-files.ts";
import { emojinet } from "./support/emojinet.ts";

const FOLDER = new URL("../examples/objectives/", import.meta.url);

test("the requests of every objective can be rendered, and together have every kind of target", async () => {
  const names = (await readdir(FOLDER)).filter((name) => name.endsWith(".json"));
  const seen = new Set<string>();
  for (const name of names) {
    const request = parseLocalRequest(JSON.parse(await readFile(new URL(name, FOLDER), "utf8")));
    const files = await pinTargetFiles(request.targets, (path) => readFile(new URL(path, FOLDER)));
    const { request: complete } = await resolveRequest(request, emojinet, null, files);
    for (const field of (complete.targets ?? []).flatMap(Object.keys)) seen.add(field);
  }
  for (const field of [...TARGET_KINDS, "at", "diversity"]) expect(seen).toContain(field);
});
