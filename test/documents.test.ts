import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect, test } from "vitest";
import type * as z from "zod";

import packageJson from "../package.json" with { type: "json" };
import { THRESHOLDS } from "../lib/optvis/quality/card.ts";
import { deepdreamFields } from "../lib/pipeline/request/fields/deepdream.ts";
import { commonFields, drawnFields } from "../lib/pipeline/request/fields/drawn.ts";
import { fourierFields, PRESETS } from "../lib/pipeline/request/fields/fourier.ts";
import { FOURIER_PRESETS } from "../lib/pipeline/request/fourier-presets.ts";
import { anchorOf, headings, linksIn, rowsByName } from "./support/markdown.ts";

const OURS = /^(?!.*(?:^|\/)(?:node_modules|dist|cdk\.out|dreams|\.\w+)\/).*\.md$/;
const documents = readdirSync(".", { recursive: true, encoding: "utf8" })
  .filter((path) => OURS.test(path))
  .map((path) => ({ path, text: readFileSync(path, "utf8") }));

/** What is wrong with the links and pictures of a document. */
function faultsOf(path: string, text: string): string[] {
  return linksIn(text).flatMap((link) => {
    if (link.to.startsWith("https://")) return [];
    const [file = "", anchor] = link.to.split("#");
    const target = file === "" ? path : normalize(join(dirname(path), file));
    if (link.text === "" || !existsSync(target)) return [`${path}: ${link.to}`];
    if (anchor === undefined) return [];
    const known = headings(target === path ? text : readFileSync(target, "utf8")).map(anchorOf);
    return known.includes(anchor) ? [] : [`${path}: ${link.to}`];
  });
}

test("every link of the documents leads somewhere, and every picture says what it shows", () => {
  expect(documents.length).toBeGreaterThan(15);
  expect(documents.flatMap(({ path, text }) => faultsOf(path, text))).toEqual([]);
});

test("a link that leads nowhere is found, and a picture that says nothing", () => {
  const lost = "[a](b.md) ![](LICENSE) [c](#no) [d](cdk/README.md#no) [e](#f)\n# F";
  expect(faultsOf("README.md", lost)).toEqual([
    "README.md: b.md",
    "README.md: LICENSE",
    "README.md: #no",
    "README.md: cdk/README.md#no",
  ]);
});

test("what is cited is this version", () => {
  const citation = readFileSync("CITATION.cff", "utf8");
  const { version, license } = packageJson;
  expect(citation).toContain(`\nversion: ${version}\nlicense: ${license}\n`);
});

test("the README's ratios to PyTorch, and its memory, are those of the last run", () => {
  const jobs = readFileSync("bench/RESULTS.md", "utf8").matchAll(
    /^\| (\d): .*\| ([\d.]+) \(.*?\) +\| (\d+) MB +\|/gm,
  );
  const rows = [...jobs].map(([, job, ratio, megabytes]) => ({ job, ratio, megabytes }));
  expect(rows).toHaveLength(3);
  const listed = (values: (string | undefined)[]) =>
    `${values.slice(0, -1).join(", ")} and ${values.at(-1)}`;
  const most = Math.max(...rows.map(({ megabytes }) => Number(megabytes))) / 1000;
  const [numbers, ratios] = [rows.map(({ job }) => job), rows.map(({ ratio }) => ratio)];
  const readme = readFileSync("README.md", "utf8");
  expect(readme).toContain(`jobs ${listed(numbers)} of the example`);
  expect(readme).toContain(`take ${listed(ratios)} of PyTorch's time`);
  expect(readme).toContain(`in at most ${most.toFixed(2)} GB`);
});

test("time and memory grew in the last run with what bench/README.md says they grow with", () => {
  const results = readFileSync("bench/RESULTS.md", "utf8");
  const rowsOf = (title: string) => {
    const [, section = ""] = new RegExp(`\n### ${title}\n([^]*?)\n### `).exec(results) ?? [];
    const rows = [...section.matchAll(/^\| (\d+) +\| ([\d.]+) .*\| (\d+) +\| \d+ +\|$/gm)];
    return rows.map((row) => row.slice(1).map(Number) as [number, number, number]);
  };
  for (const title of ["Channels", "Iterations", "Side of the image"]) {
    const isSide = title === "Side of the image";
    const rows = rowsOf(title).map(([size, seconds, megabytes]) => {
      return { work: isSide ? size ** 2 : size, seconds, megabytes };
    });
    const steps = rows.slice(1).map(({ work, seconds }, i) => {
      return (seconds - rows[i]!.seconds) / (work - rows[i]!.work);
    });
    // the earlier steps are mostly the start
    const [before = 0, last = 0] = steps.slice(-2);
    expect([title, last / before > 2 / 3 && last / before < 3 / 2]).toEqual([title, true]);
    const memory = rows.at(-1)!.megabytes / rows[0]!.megabytes;
    expect([title, memory > 2]).toEqual([title, isSide]);
  }
  expect(readFileSync("bench/README.md", "utf8")).toContain(
    "time grows in proportion to the channels, the iterations and the pixels; memory grows with the pixels, and a little with the channels",
  );
});

test("the marks of a picture are explained with the thresholds that set them", () => {
  const explained = readFileSync("examples/trust.md", "utf8");
  const said = [...explained.matchAll(/`([a-z ]+)` (?:below|above) (\.\d+)/g)];
  const { blank, washedOut, noisy, fragile } = THRESHOLDS;
  expect(said.map(([, mark, limit]) => [mark, Number(limit)])).toEqual([
    ["blank", blank],
    ["washed out", washedOut],
    ["noisy", noisy],
    ["fragile", fragile],
  ]);
});

/** What examples/README.md says of the fields of a request: of all, and of each method. */
const [, common = "", deepdream = "", fourier = ""] =
  /^## Fields of a request\n([^]*?)\nOf `deepdream`:([^]*?)\nOf `fourier`;([^]*?)\n## /m.exec(
    readFileSync("examples/README.md", "utf8"),
  ) ?? [];

/** The value that a cell begins with; `undefined` where it has none, or says it in words. */
function shown(cell = ""): unknown {
  const json = /^`(.+?)`/.exec(cell)?.[1] ?? /^[\d.]+$/.exec(cell)?.[0];
  return json === undefined ? undefined : JSON.parse(json);
}

const { method, objective, ...ofDeepdream } = deepdreamFields;

test.each([
  ["whatever the method", common, { ...drawnFields, method, objective, ...commonFields }],
  ["deepdream", deepdream, ofDeepdream],
])("the table of fields, %s, has each and its default", (_, table, fields) => {
  const rows = rowsByName(table);
  expect([...rows.keys()].toSorted()).toEqual(Object.keys(fields).toSorted());
  const defaults = Object.entries<z.ZodType>(fields).flatMap(([name, field]) => {
    const { data } = field.safeParse(undefined);
    // the sheet's are in words
    return name === "montage" ? [] : [[name, data] as const];
  });
  for (const [name, value] of defaults) {
    expect([name, shown(rows.get(name)?.at(-1))]).toEqual([name, value]);
  }
});

test("the table of presets has each parameter of each", () => {
  const rows = rowsByName(fourier);
  const { method: _method, preset: _preset, objective: _objective, ...fields } = fourierFields;
  expect([...rows.keys()].toSorted()).toEqual(Object.keys(fields).toSorted());
  expect(fourier).toMatch(new RegExp(PRESETS.map((name) => `\`${name}\`\\s*`).join("\\|\\s*")));
  for (const [column, preset] of PRESETS.entries()) {
    const { parameters, canvas } = FOURIER_PRESETS[preset];
    const cellOf = (name: string) => {
      const [, ...cells] = rows.get(name) ?? [];
      return cells[column] === "as `natural`" ? cells[0]! : cells[column]!;
    };
    const { cropFraction, ...scalars } = parameters;
    for (const [name, value] of Object.entries(scalars)) {
      expect([preset, name, shown(cellOf(name))]).toEqual([preset, name, value]);
    }
    const ranges = [...cellOf("cropFraction").matchAll(/\[(.+?), (.+?)\]/g)];
    const last = ranges.at(-1)!.slice(1).map(fractionOf);
    expect([preset, last]).toEqual([preset, cropFraction.end]);
    expect(canvas).toBeCloseTo(fractionOf(/^[\d/]*/.exec(cellOf("canvasSize"))?.[0] || "1"));
  }
  expect(rows.get("cropFraction")![1]).toContain("[0.9, 1.05] to ");
  for (const preset of PRESETS.filter((name) => name !== "lucid")) {
    expect(FOURIER_PRESETS[preset].parameters.cropFraction.start).toEqual([0.9, 1.05]);
  }
});

/** @param text such as "1.5" or "3/2" */
function fractionOf(text: string): number {
  const [over = 0, under = 1] = text.split("/").map(Number);
  return over / under;
}
