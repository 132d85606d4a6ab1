import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";

import { DataFolderInUseError } from "@dreamgrid/aws-endpoint";
import { expect, test } from "vitest";

import { isWithoutRoom, userMessage } from "../../../local/cli/user-errors.ts";

test("what the embedded endpoint refuses is told in its own words", () => {
  const fromClient = Object.assign(new Error("no room"), { name: "InsufficientStorage" });
  expect(userMessage(fromClient)).toBe("no room");
  expect(userMessage(new DataFolderInUseError("/data: process 7 has it"))).toBe(
    "/data: process 7 has it",
  );
});

test.skipIf(!existsSync("/dev/full"))("a full disk is told, whatever file it was", async () => {
  const error: unknown = await writeFile("/dev/full", "x").catch((thrown: unknown) => thrown);
  expect(userMessage(error)).toMatch(/^(\/dev\/full: )?the disk is full/);
  // as Node tells of a copy
  const paths = { path: "net.onnx", dest: "full/net.onnx" };
  const copied = Object.assign(new Error("ENOSPC"), { code: "ENOSPC", ...paths });
  expect(userMessage(copied)).toBe("full/net.onnx: the disk is full");
  const other = Object.assign(new Error("EIO: i/o error"), { code: "EIO" });
  expect(userMessage(other)).toBeNull();
});

test("a sheet that another program keeps open is told of, as Windows lets nobody write it", () => {
  const paths = { path: "jobs/a/montage.png", dest: "dreams/a.png" };
  const error = Object.assign(new Error("EBUSY: resource busy"), { code: "EBUSY", ...paths });
  expect(userMessage(error)).toBe("dreams/a.png: another program has it open; close it there");
});

test("a disk without room is told from other troubles", () => {
  const named = (name: string) => Object.assign(new Error("no"), { name });
  const coded = (code: string) => Object.assign(new Error("no"), { code });
  const without = [named("InsufficientStorage"), named("DataFolderMissing"), coded("ENOSPC")];
  expect(without.map(isWithoutRoom)).toEqual([true, true, true]);
  const others = [named("TimeoutError"), coded("ENOENT"), "ENOSPC", null];
  expect(others.map(isWithoutRoom)).toEqual([false, false, false, false]);
});

test("a fault of ours has no message for the user", () => {
  expect(userMessage(new Error("internal: x"))).toBeNull();
});
