import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "vitest";

import { modelsCommand } from "../../../local/cli/models.ts";
import { runCommandLine } from "../../../local/cli/run-command-line.ts";
import { createTerminal } from "../../../local/cli/terminal.ts";
import { serve } from "../../networks/file-server.ts";
import { describeFile, descriptionJson, writeNetwork } from "../../networks/descriptions.ts";
import { filesIn, temporaryFolder } from "../../networks/temporary-folder.ts";
import { tinyModel } from "../../networks/tiny-model.ts";

/** Runs `dreamgrid models ...` with a cache of its own. */
async function run(env: Readonly<Record<string, string>>, ...args: readonly string[]) {
  const printed: string[] = [];
  const noted: string[] = [];
  const command = modelsCommand(
    createTerminal({
      env,
      stdout: { write: (text) => printed.push(text.replace(/\n$/, "")) },
      stderr: { write: (text) => noted.push(text) },
    }),
  );
  for (const each of [command, ...command.commands]) {
    each.exitOverride().configureOutput({ writeErr: () => {} });
  }
  await command.parseAsync(args, { from: "user" });
  return { printed, noted };
}

test("a model can be added, listed and found", async () => {
  const cache = await temporaryFolder();
  const env = { DREAMGRID_CACHE: cache };
  const model = join(await temporaryFolder(), "net.onnx");
  await writeFile(model, tinyModel());
  const flags = [
    "--id",
    "mynet",
    "--mean",
    "104,117,123",
    "--channel-order",
    "BGR",
    "--size",
    "64",
  ];
  const { printed } = await run(env, "add", model, ...flags);
  const path = join(cache, "mynet", "mynet.onnx");
  expect(printed[0]).toContain("gradients reach the image from layer 3 of 3");
  expect(printed[1]).toBe(`added 'mynet': ${path}`);

  const listed = (await run(env, "list")).printed;
  expect(listed.some((line) => line.startsWith(`mynet\t64x64\t${path}`))).toBe(true);
  expect(listed.some((line) => line.startsWith("emojinet\t224x224\t"))).toBe(true);
  expect((await run(env, "path", "mynet")).printed).toEqual([path]);
});

test("class names are one for each channel at the end", async () => {
  const cache = await temporaryFolder();
  const folder = await temporaryFolder();
  const [model, labels] = [join(folder, "net.onnx"), join(folder, "labels.txt")];
  await writeFile(model, tinyModel([1, 3, 8, 8]));
  const words = ["add", model, "--id", "named", "--preprocessing", "zero-one", "--labels", labels];
  const add = () => run({ DREAMGRID_CACHE: cache }, ...words);
  for (const wrong of ["", "one\n", "one\ntwo\nthree\n"]) {
    await writeFile(labels, wrong);
    await expect(add()).rejects.toThrow(/^--labels: given \d class names; 'named' ends with 2 ch/);
    expect(await filesIn(cache)).toEqual([]);
  }
  await writeFile(labels, Buffer.from("L\u00f6we\nTiger\n", "latin1"));
  await expect(add()).rejects.toThrow(`${labels}: its text is not UTF-8`);
  await writeFile(labels, "one\ntwo\n");
  expect((await add()).printed[1]).toContain("added 'named'");
});

test("a model without a gradient anywhere is not added", async () => {
  const cache = await temporaryFolder();
  const model = join(await temporaryFolder(), "grey.onnx");
  await writeFile(model, tinyModel([1, 3, 2, 2]));
  const added = run({ DREAMGRID_CACHE: cache }, "add", model, "--id", "mynet");
  await expect(added).rejects.toThrow(/no layer of .*grey\.onnx can be rendered at 2x2/);
  expect(await filesIn(cache)).toEqual([]);
});

test("a folder is no model", async () => {
  const folder = await temporaryFolder();
  const added = run({ DREAMGRID_CACHE: await temporaryFolder() }, "add", folder, "--id", "mynet");
  await expect(added).rejects.toThrow(`'${folder}': it is a folder`);
});

test("fetch shows its progress", async () => {
  const cache = await temporaryFolder();
  const folder = await temporaryFolder();
  const body = new Uint8Array(200_000);
  const url = await serve((_, response) => response.end(body));
  const description = descriptionJson("far", [describeFile("far.onnx", body, `${url}/far.onnx`)]);
  await writeNetwork(folder, "far", { "network.json": JSON.stringify(description) });
  const env = { DREAMGRID_CACHE: cache, DREAMGRID_MODELS: folder };
  expect((await run(env, "list")).printed.join("\n")).toContain("fetched on first use from http");
  const { printed, noted } = await run(env, "fetch", "far");
  expect(printed).toEqual([`far is at ${join(cache, "far", "far.onnx")}`]);
  expect(noted.at(-1)).toBe(`fetching far [${"#".repeat(24)}] 100 %\n`);
  expect(existsSync(join(cache, "far", "far.onnx"))).toBe(true);
});

test("what went wrong with a download is not told behind its bar", async () => {
  const folder = await temporaryFolder();
  const body = new Uint8Array(200_000);
  const url = await serve((_, response) => response.end(body));
  const other = describeFile("far.onnx", body.with(0, 1), `${url}/far.onnx`);
  const description = JSON.stringify(descriptionJson("far", [other]));
  await writeNetwork(folder, "far", { "network.json": description });
  const written: string[] = [];
  const stderr = { isTTY: true, write: (text: string) => written.push(text) };
  const env = { DREAMGRID_CACHE: await temporaryFolder(), DREAMGRID_MODELS: folder };
  const code = await runCommandLine(["models", "fetch", "far"], {
    env,
    stdout: { write: () => undefined },
    stderr,
  });
  expect(code).toBe(2);
  expect(written.at(-3)).toContain("fetching far");
  expect(written.at(-2)).toBe("\n");
  expect(written.at(-1)).toMatch(/^dreamgrid: .*SHA-256/);
});

test.each([
  [["add", "x.onnx"], "--id"],
  [["add", "x.onnx", "--id", "a", "--mean", "1,b"], "want finite numbers"],
  [["add", "x.onnx", "--id", "a", "--range", "0"], "want a number above 0"],
  [["add", "x.onnx", "--id", "a", "--preprocessing", "pytorch"], "torchvision, caffe"],
  [["add", "x.onnx", "--id", "a", "--scale", "1,,2"], "want finite numbers"],
  [["add", "x.onnx", "--id", "a", "--size", "2.5"], "want a whole number from 1"],
  [["add", "x.onnx", "--id", "a", "--channel-order", "GBR"], "RGB, BGR"],
  [["path"], "id"],
])("%j is refused", async (args, message) => {
  await expect(run({}, ...args)).rejects.toThrow(message);
});

test("show, check and remove: what is known, what renders and why not, and nothing left", async () => {
  const cache = await temporaryFolder();
  const env = { DREAMGRID_CACHE: cache };
  const model = join(await temporaryFolder(), "net.onnx");
  await writeFile(model, tinyModel());
  const pixels = ["--preprocessing", "torchvision"];
  await run(env, "add", model, "--id", "mynet", "--licence", "MIT", ...pixels);

  const shown = (await run(env, "show", "mynet")).printed;
  expect(shown).toContain("id: mynet");
  expect(shown).toContain("licence: MIT");
  expect(shown).toContain(
    "pixels: 0..255, minus 123.675, 116.28, 103.53, times 0.0171248, 0.017507, 0.0174292",
  );
  expect(shown).toContain(`model: ${join(cache, "mynet", "mynet.onnx")}`);
  expect(shown.find((line) => line.startsWith("mynet.onnx: SHA-256 "))).toBeDefined();
  expect((await run(env, "show", "googlenet")).printed).toContain("model: not fetched");
  await expect(run(env, "show", "mynte")).rejects.toThrow(/did you mean .*mynet/);

  const [checked = "", summary] = (await run(env, "check", "mynet")).printed;
  const rows = checked.split("\n");
  expect(rows).toHaveLength(5);
  expect(rows[2]).toMatch(/1 .* Input +no: it is the image itself/);
  expect(rows[4]).toMatch(/3 .* \d+ channels$/);
  expect(summary).toContain(
    "2 of 3 layers can be rendered; gradients reach the image from layer 3",
  );

  for (const id of ["emojinet", "googlenet"]) {
    await expect(run(env, "remove", id)).rejects.toThrow(`nothing of '${id}' in ${cache}`);
  }
  await expect(run(env, "remove", "../dreamgrid")).rejects.toThrow("there is no such network");
  await expect(run(env, "remove", "mynte")).rejects.toThrow(/did you mean .*mynet/);
  expect((await run(env, "remove", "mynet")).printed).toEqual([
    `removed 'mynet': ${join(cache, "mynet")}`,
  ]);
  expect(await filesIn(cache)).toEqual([]);
  const listed = (await run(env, "list")).printed;
  expect(listed.some((line) => line.startsWith("mynet"))).toBe(false);
});
