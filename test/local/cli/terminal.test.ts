import { expect, test } from "vitest";

import type { Environment } from "../../../lib/networks/folders.ts";
import { createTerminal, type Output } from "../../../local/cli/terminal.ts";

/** What a bar at its end writes, on a terminal of so many columns. */
function barOn(stderr: Omit<Output, "write">, env: Environment = {}): string {
  const written: string[] = [];
  const output = { ...stderr, write: (text: string) => written.push(text) };
  const bar = createTerminal({ env, stdout: output, stderr: output }).progressBar("drawing");
  bar.show(10, 10, "channel 12, level 2, iteration 20");
  return written.join("");
}

const start = "\r\x1b[K";

test("a bar is cut to the terminal's width, for a line that wraps cannot be redrawn", () => {
  const whole = `drawing [${"#".repeat(24)}] 100 % channel 12, level 2, iteration 20`;
  expect(barOn({ isTTY: true, columns: 200 })).toBe(start + whole);
  expect(barOn({ isTTY: true })).toBe(start + whole);
  expect(barOn({ isTTY: true, columns: 0 })).toBe(start + whole);
  expect(barOn({ isTTY: true, columns: 20 })).toBe(`${start}drawing [######] 10`);
  expect(barOn({ columns: 20 })).toBe(`${whole}\n`);
});

test("on a narrow terminal the bar leaves room for how far it is", () => {
  const wanted = `drawing [${"#".repeat(12)}] 100 % channel 12`;
  expect(barOn({ isTTY: true, columns: 40 })).toBe(start + wanted);
});

test("a terminal that can redraw nothing gets lines", () => {
  expect(barOn({ isTTY: true, columns: 80 }, { TERM: "dumb" })).toBe(barOn({}));
  expect(barOn({ isTTY: true, columns: 80 }, { TERM: "xterm" })).toContain(start);
});
