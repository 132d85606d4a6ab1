import { mkdir, readdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterEach, expect, test, vi } from "vitest";

import { networkDepsFromEnv } from "../../functions/aws-deps.ts";
import { makeWhole } from "../../lib/networks/whole.ts";
import { GraphBuilder } from "../../lib/onnx/graph-builder.ts";
import { withModelFile } from "../../lib/optvis/runtime/model-file.ts";
import { createS3Client } from "../../lib/storage/s3-client.ts";
import { S3ObjectStore } from "../../lib/storage/s3-object-store.ts";
import { temporaryFolder } from "../networks/temporary-folder.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

/**
 * What is on the disk once a process has started, where the one before was killed as it compiled a
 * graph and copied a network.
 */
async function foundAfterStart(environment: "Lambda" | "another"): Promise<readonly string[]> {
  const folder = await temporaryFolder();
  vi.stubEnv("TMPDIR", folder);
  if (environment === "Lambda") vi.stubEnv("AWS_LAMBDA_FUNCTION_NAME", "worker");
  const copies = ["older", "newest", "oldest"].map((name) =>
    join(folder, "dreamgrid-models", name),
  );
  for (const [i, copy] of copies.entries()) {
    await mkdir(join(copy, "net"), { recursive: true });
    await writeFile(join(copy, "net", "whole.onnx"), "a model");
    await utimes(copy, 0, [1_000, 2_000, 500][i]!);
  }
  await writeFile(join(folder, "of-someone-else"), "");
  const graph = new GraphBuilder();
  graph.input("start", "float32", [1]);
  const recipe = { kind: "graph", graph: graph.build("nothing", [["end", "start"]]) } as const;
  const files = async () => (await readdir(folder, { recursive: true })).toSorted();
  let found: readonly string[] = [];
  await withModelFile(recipe, () =>
    makeWhole(join(copies[1]!, "net", "half.onnx"), async (temporary) => {
      await writeFile(temporary, "half");
      expect(await files()).toHaveLength(15);
      networkDepsFromEnv(new S3ObjectStore(createS3Client(), "bucket"));
      found = await files();
      await writeFile(temporary, "whole");
    }),
  );
  return found;
}

test("a function finds nothing on its disk of a process that was killed, but the last network's copy", async () => {
  expect(await foundAfterStart("Lambda")).toEqual([
    "dreamgrid-models",
    "dreamgrid-models/newest",
    "dreamgrid-models/newest/net",
    "dreamgrid-models/newest/net/whole.onnx",
    "of-someone-else",
  ]);
});

test("where other processes are at work in the folder nothing of theirs is removed", async () => {
  expect(await foundAfterStart("another")).toHaveLength(15);
});
