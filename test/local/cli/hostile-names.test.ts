import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";

import { temporaryFolder } from "../../networks/temporary-folder.ts";
import { node, sketch, writeModel } from "../../support/onnx-writer.ts";
import { run, runWith } from "./command-line.ts";

/** Clears a terminal, and names its window. */
const OBEYED = "\u001b[2J\u001b]0;gone\u0007\nok\u009b";

async function analyse(op: string, name: string) {
  const path = join(await temporaryFolder(), "net.onnx");
  const nodes = [
    { ...node("Relu", "image", "a"), name },
    node(op, "a", "y"),
    node("Abs", "y", "z"),
  ];
  const graph = sketch({ inputs: { image: [1, 3, 8, 9] }, nodes, outputs: ["z"] });
  await writeFile(path, writeModel(graph, 18));
  return [await run("analyze", path), await run("analyze", "--json", path)] as const;
}

test("a terminal is not told what a file says", async () => {
  const [table, json] = await analyse(OBEYED, OBEYED);
  const written = table.stdout + table.stderr + json.stdout;
  expect(written).not.toMatch(/[^\P{Cc}\n]/u);
  // it is there to be read
  expect(table.stderr).toContain("\\u001b[2J");
  // one row for each layer, between the header and the summary
  expect(table.stdout.split("\n").filter((line) => /^ *\d+ {2}/.test(line))).toHaveLength(4);
  const { layers } = JSON.parse(json.stdout) as { layers: { type: string }[] };
  expect(layers.map(({ type }) => type)).toEqual(["Input", "Relu", OBEYED, "Abs"]);
});

test("a field of a hundred thousand blanks is refused as any other, in one line", async () => {
  const field = `a${" ".repeat(100_000)}b`;
  const stdin = JSON.stringify({ network: "emojinet", layer: 2, channels: [1], [field]: "\n" });
  const { code, stderr } = await runWith({ stdin }, "dream", "-");
  expect(code).toBe(2);
  expect(stderr).toBe(`dreamgrid: standard input: ${field}: unknown field; remove it\n`);
});

test("a name of megabytes does not fill the table", async () => {
  const [table] = await analyse("Sigmoid", "n".repeat(5_000_000));
  expect(table.stdout.length).toBeLessThan(10_000);
});
