import { expect, test } from "vitest";

import { errorLog } from "../../local/log.ts";

test("a cause that lasts is told once a minute, whatever it happens to", () => {
  const lines: string[] = [];
  let nowMs = 0;
  const log = errorLog("worker", { write: (line) => lines.push(line), nowMs: () => nowMs });
  const fail = (channel: number, reason: string) =>
    log.error("channel not rendered", { channel, error: new Error(reason) });
  for (let channel = 1; channel <= 5; channel++) fail(channel, "the disk is full");
  fail(6, "out of memory");
  nowMs = 60_000;
  fail(7, "the disk is full");
  expect(lines).toEqual([
    "worker: channel not rendered (channel 1): the disk is full",
    "worker: channel not rendered (channel 6): out of memory",
    "worker: channel not rendered (channel 7): the disk is full",
  ]);
});

test("a terminal is not told what the names in a reason say", () => {
  const lines: string[] = [];
  const log = errorLog("worker", { write: (line) => lines.push(line) });
  log.error("channel not rendered", {
    channel: 1,
    error: new Error("layer '\u001b]0;gone\u0007'"),
  });
  expect(lines).toEqual([
    String.raw`worker: channel not rendered (channel 1): layer '\u001b]0;gone\u0007'`,
  ]);
});

test("causes of longer ago are forgotten: a service meets new ones for months", () => {
  const told = new Map<string, number>();
  let nowMs = 0;
  const log = errorLog("worker", { write: () => undefined, nowMs: () => nowMs, told });
  const fail = (reason: string) => log.error("channel not rendered", { error: reason });
  for (let message = 0; message < 500; message++) {
    nowMs += 1_000;
    fail("the disk is full");
    fail(`message ${message} is damaged`);
  }
  // those of the last minute, and the lasting one
  expect(told.size).toBe(61);
});
