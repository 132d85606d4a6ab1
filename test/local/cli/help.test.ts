import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

import { run } from "./command-line.ts";

describe("--help", () => {
  test.each([
    [[], ["dream", "serve", "analyze", "labels", "export-graph", "ascend", "models"]],
    [["dream"], ["--out"]],
    [["serve"], ["--api-port", "-L 8787:127.0.0.1:8787 -L 4566:127.0.0.1:4566"]],
    [["analyze"], ["--json"]],
    [["export-graph"], ["--size", "--batch", "--ascent", "--provider", "--objective"]],
    [["ascend"], ["--channels", "--iterations", "--levels", "--init", "--objective"]],
    [["models"], ["list", "add", "path", "fetch"]],
    [["doctor"], ["--cloud"]],
    [
      ["models", "add"],
      ["--mean", "--scale"],
    ],
  ])("of %j names its options", async (words, options) => {
    const { code, stdout, stderr } = await run(...words, "--help");
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain(`Usage: ${["dreamgrid", ...words].join(" ")}`);
    for (const option of options) expect(stdout).toContain(option);
    expect(stdout.split("\n").filter((line) => line.length > 100)).toEqual([]);
  });

  test("of dream has an example whose classes are there without a download", async () => {
    const { stdout } = await run("dream", "--help");
    const [, network = "", classes = ""] =
      /^ {4}dreamgrid dream (\w+) --layer loss3-classifier --channels ([a-z ]+)$/m.exec(stdout) ??
      [];
    const known = readFileSync(`models/${network}/labels.txt`, "utf8").split("\n");
    expect(classes.split(" ").length).toBeGreaterThan(1);
    for (const name of classes.split(" ")) expect(known).toContain(name);
  });

  test("has the commands that the README has", async () => {
    const { stdout } = await run("--help");
    const commands = [...stdout.matchAll(/^ {2}([a-z]\S*)/gm)].map(([, name]) => name!);
    const rows = [...readFileSync("README.md", "utf8").matchAll(/^\| `([a-z][a-z-]+) ?.*` +\|/gm)];
    // there the first look is a network's name alone
    const shown = ["help", "look", ...rows.map(([, name]) => name!)];
    expect(commands.length).toBeGreaterThan(10);
    expect(new Set(shown)).toEqual(new Set(commands));
  });
});

describe("help", () => {
  test.each([[[]], [["models"]], [["models", "add"]], [["dream"]]])(
    "with %j is what --help after them is",
    async (words) => {
      expect(await run("help", ...words)).toEqual(await run(...words, "--help"));
    },
  );

  test("of help is that of all", async () => {
    expect(await run("help", "help")).toEqual(await run("--help"));
  });

  test.each([
    [
      ["modles"],
      "dreamgrid: unknown command 'modles' (did you mean 'models'?) (see dreamgrid --help)",
    ],
    [
      ["models", "ad"],
      "dreamgrid: unknown command 'ad' (did you mean 'add'?) (see dreamgrid models --help)",
    ],
    [["models", "xyzzy"], "dreamgrid: unknown command 'xyzzy' (see dreamgrid models --help)"],
  ])("with %j is refused in one line", async (words, line) => {
    expect(await run("help", ...words)).toEqual({ code: 2, stdout: "", stderr: `${line}\n` });
  });
});
