import { expect, test } from "vitest";

import type { Environment } from "../../../lib/networks/folders.ts";
import { createTerminal, type Output, table } from "../../../local/cli/terminal.ts";

/** What a bar at its end writes, on a terminal of so many columns. */
function barOn(
  stderr: Omit<Output, "write">,
  env: Environment = {},
  detail = "channel 12, level 2, iteration 20",
): string {
  const written: string[] = [];
  const output = { ...stderr, write: (text: string) => written.push(text) };
  const bar = createTerminal({ env, stdout: output, stderr: output }).progressBar("drawing");
  bar.show(10, 10, detail);
  return written.join("");
}

const start = "\r\x1b[K";

test("a bar is cut to the terminal's width, for a line that wraps cannot be redrawn", () => {
  const whole = `drawing [${"#".repeat(24)}] 100 % channel 12, level 2, iteration 20`;
  expect(barOn({ isTTY: true, columns: 200 })).toBe(start + whole);
  expect(barOn({ isTTY: true })).toBe(start + whole);
  expect(barOn({ isTTY: true, columns: 0 })).toBe(start + whole);
  expect(barOn({ isTTY: true, columns: 20 })).toBe(`${start}draw [######] 100 %`);
  expect(barOn({ columns: 20 })).toBe(`${whole}\n`);
});

test("a remark or a result takes the bar's line, on which the bar goes on", () => {
  const written: string[] = [];
  const output = { isTTY: true, write: (text: string) => written.push(text) };
  const terminal = createTerminal({ env: {}, stdout: output, stderr: output });
  const bar = terminal.progressBar("drawing");
  bar.show(10, 10);
  terminal.note("on the CPU");
  terminal.note("as ever");
  bar.show(10, 10);
  terminal.print("a.png");
  bar.end();
  const drawn = `${start}drawing [${"#".repeat(24)}] 100 %`;
  expect(written.join("")).toBe(`${drawn}${start}on the CPU\nas ever\n${drawn}${start}a.png\n`);
});

test("on a narrow terminal the bar leaves room for how far it is", () => {
  const wanted = `drawing [${"#".repeat(12)}] 100 % channel 12`;
  expect(barOn({ isTTY: true, columns: 40 })).toBe(start + wanted);
});

test("a bar does not tell a terminal what the name of a request's file says", () => {
  const named = "a\u001b]0;gone\u0007.json";
  expect(barOn({ isTTY: true }, {}, named)).toBe(
    String.raw`${start}drawing [${"#".repeat(24)}] 100 % a\u001b]0;gone\u0007.json`,
  );
});

test("a terminal that can redraw nothing gets lines", () => {
  expect(barOn({ isTTY: true, columns: 80 }, { TERM: "dumb" })).toBe(barOn({}));
  expect(barOn({ isTTY: true, columns: 80 }, { TERM: "xterm" })).toContain(start);
});

test("letters that take two columns are counted so, and those that stand on another not at all", () => {
  const line = (detail: string) => barOn({ isTTY: true, columns: 40 }, {}, detail);
  const before = `${start}drawing [${"#".repeat(12)}] 100 % `;
  // ten columns are left of 39
  expect(line("\u732b\u732b\u732b\u732b\u732b\u732b")).toBe(`${before}${"\u732b".repeat(5)}`);
  expect(line("a\u{1f436}\ud55c\uff21\u30ab\u3042")).toBe(`${before}a\u{1f436}\ud55c\uff21\u30ab`);
  expect(line("e\u0301".repeat(11))).toBe(before + "e\u0301".repeat(10));
  expect(line("\u2192\u00e9\u0448\u2026 8 \u00d7 6")).toBe(
    `${before}\u2192\u00e9\u0448\u2026 8 \u00d7 6`,
  );
  expect(
    table(
      ["", "Name", "Type"],
      [
        ["1", "\u732b", "Conv"],
        ["12", "e\u0301a", "Relu"],
      ],
      [0],
    ),
  ).toBe(
    ["    Name  Type", "--  ----  ----", " 1  \u732b    Conv", "12  e\u0301a    Relu"].join("\n"),
  );
});
