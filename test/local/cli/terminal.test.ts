import { expect, test } from "vitest";

import { createTerminal, type Output } from "../../../local/cli/terminal.ts";

/** What a bar at its end writes, on a terminal of so many columns. */
function barOn(stderr: Omit<Output, "write">): string {
  const written: string[] = [];
  const output = { ...stderr, write: (text: string) => written.push(text) };
  const bar = createTerminal({ env: {}, stdout: output, stderr: output }).progressBar("drawing");
  bar.show(10, 10, "channel 12, level 2, iteration 20");
  return written.join("");
}

test("a bar is cut to the terminal's width, for a line that wraps cannot be redrawn", () => {
  const start = "\r\x1b[K";
  const whole = `drawing [${"#".repeat(24)}] 100 % channel 12, level 2, iteration 20`;
  expect(barOn({ isTTY: true, columns: 200 })).toBe(start + whole);
  expect(barOn({ isTTY: true })).toBe(start + whole);
  expect(barOn({ isTTY: true, columns: 20 })).toBe(start + whole.slice(0, 19));
  expect(barOn({ columns: 20 })).toBe(`${whole}\n`);
});
