import { copyFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";

import { temporaryFolder } from "../../networks/temporary-folder.ts";
import { tinyModel } from "../../networks/tiny-model.ts";
import { run, runWith } from "./command-line.ts";

test("dreamgrid labels prints the classes asked for, in their order", async () => {
  const { code, stdout } = await run("labels", "emojinet", "3", "1");
  expect(code).toBe(0);
  const lines = stdout.trimEnd().split("\n");
  expect(lines.map((line) => line.split("\t")[0])).toEqual(["3", "1"]);
  const all = (await run("labels", "emojinet")).stdout.trimEnd().split("\n");
  expect(lines).toEqual([all[2], all[0]]);
  expect(new Set(all).size).toBeGreaterThan(10);
});

test("where the names are not known it is said where they belong", async () => {
  const cache = await temporaryFolder();
  const env = { DREAMGRID_CACHE: cache };
  const model = join(await temporaryFolder(), "net.onnx");
  await writeFile(model, tinyModel([1, 3, 8, 8]));
  const { code, stderr } = await runWith({ env }, "labels", model);
  const remedy = `dreamgrid models add ${model} --id ID --labels FILE`;
  expect([code, stderr]).toEqual([
    2,
    `dreamgrid: the class names of 'net' are not known; give them with: ${remedy}\n`,
  ]);

  const labels = join(await temporaryFolder(), "names.txt");
  await writeFile(labels, "one\ntwo\n");
  const add = ["models", "add", model, "--id", "net", "--preprocessing", "zero-one"];
  expect((await runWith({ env }, ...add, "--labels", labels)).code).toBe(0);
  await rm(join(cache, "net", "labels.txt"));
  const lost = await runWith({ env }, "labels", "net");
  expect(lost.stderr).toBe(
    `dreamgrid: the class names of 'net' are not known: its file labels.txt is not there; put it into ${join(cache, "net")}\n`,
  );
  const shown = await runWith({ env }, "models", "show", "net");
  expect(shown.stdout).toContain("class names: labels.txt, which is not there\n");

  await copyFile(labels, join(cache, "net", "labels.txt"));
  expect((await runWith({ env }, "labels", "net", "2")).stdout).toBe("2\ttwo\n");
  expect((await runWith({ env }, "models", "show", "net")).stdout).toMatch(/: labels\.txt\n/);
});

test("a class that is not there, and what is no number, are refused in one line", async () => {
  const missing = await run("labels", "emojinet", "100000");
  expect([missing.code, missing.stderr]).toEqual([
    2,
    expect.stringMatching(/no class 100000; wanted 1 to \d+\n$/),
  ]);
  const { code, stderr } = await run("labels", "emojinet", "tiger");
  expect([code, stderr]).toEqual([2, expect.stringContaining("want a whole number from 1 up. ")]);
});
