import { mkdir, readdir, readFile, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "vitest";

import { GateMemory } from "../../../lib/optvis/runtime/gate-memory.ts";
import { graphicsHere } from "../../../lib/optvis/runtime/graphics-here.ts";
import { GpuGate } from "../../../lib/optvis/runtime/gpu-gate.ts";
import { temporaryFolder } from "../../networks/temporary-folder.ts";

const NOON = new Date("2026-11-03T12:00:00Z");
const after = (hours: number) => ({
  now: () => new Date(NOON.getTime() + hours * 3_600_000),
});

test("a reason is remembered for a day, on the same machine with the same settings", async () => {
  const path = join(await temporaryFolder(), "cache", "gpu.json");
  const memory = (hours: number, env = {}) => new GateMemory(path, env, after(hours));
  expect(await memory(0).reason()).toBeNull();
  await memory(0).keep("WebGPU has no adapter");
  expect(await memory(23).reason()).toBe("WebGPU has no adapter");
  expect(await memory(25).reason()).toBeNull();
  expect(await memory(-1).reason()).toBeNull();
  expect(await memory(1, { VK_ICD_FILENAMES: "/card.json" }).reason()).toBeNull();
  expect(await memory(1, { CUDA_VISIBLE_DEVICES: "1" }).reason()).toBeNull();
  expect(await readdir(join(path, ".."))).toEqual(["gpu.json"]);
  await memory(1).keep(null);
  expect(await memory(1).reason()).toBeNull();
});

test("a reason is forgotten as soon as a card, a driver or a library comes", async () => {
  const root = await temporaryFolder();
  const path = join(root, "gpu.json");
  const memory = () => new GateMemory(path, {}, { graphics: () => graphicsHere(root) });
  const write = async (file: string, text = "") => {
    await mkdir(join(root, file, ".."), { recursive: true });
    await writeFile(join(root, file), text);
  };
  const changes = [
    () => write("proc/driver/nvidia/version", "NVRM version: 570.86"),
    () => write("proc/driver/nvidia/version", "NVRM version: 580.65"),
    () => write("proc/driver/nvidia/gpus/0000:01:00.0/information"),
    () => write("dev/dri/renderD128"),
    () => write("usr/share/vulkan/icd.d/radeon_icd.json"),
    () => write("etc/vulkan/icd.d/own_icd.json"),
    () => write("etc/ld.so.cache"),
    () => utimes(join(root, "etc/ld.so.cache"), NOON, NOON),
  ];
  for (const change of changes) {
    await memory().keep("WebGPU has no adapter");
    expect(await memory().reason()).toBe("WebGPU has no adapter");
    await change();
    expect(await memory().reason()).toBeNull();
  }
});

test("a damaged file, or a folder that cannot be written, is as if there were none", async () => {
  const folder = await temporaryFolder();
  const path = join(folder, "gpu.json");
  const memory = new GateMemory(path, {}, after(0));
  await memory.keep("WebGPU has no adapter");
  const whole = await readFile(path, "utf8");
  for (const damaged of ["", whole.slice(0, -9), "[]", whole.replace("reason", "season")]) {
    await writeFile(path, damaged);
    expect(await memory.reason()).toBeNull();
  }
  const nowhere = new GateMemory(join(path, "below", "gpu.json"), {}, after(0));
  await nowhere.keep("WebGPU has no adapter");
  expect(await nowhere.reason()).toBeNull();
});

test("the gate asks no child for what is remembered, and keeps what it finds", async () => {
  const kept: (string | null)[] = [];
  const gateOf = (behaviour: string, known: string | null) =>
    new GpuGate({
      child: [new URL("./fake-gate-child.mjs", import.meta.url), behaviour],
      providers: ["webgpu"],
      memory: {
        reason: () => Promise.resolve(known),
        keep: (reason) => Promise.resolve(void kept.push(reason)),
      },
    });
  const reason = "WebGPU has no adapter";
  expect(await gateOf("right", reason).machine()).toEqual({ isFit: false, reason });
  expect(kept).toEqual([]);
  expect(await gateOf("right", null).machine()).toMatchObject({ isFit: true });
  await gateOf("exit", null).machine();
  // others had the card's memory
  await gateOf("full", null).machine();
  const given = gateOf("hang", null);
  const hanging = given.machine();
  await new Promise((resolve) => setImmediate(resolve));
  given.close();
  await hanging;
  // nobody waited for the last one
  expect(kept).toEqual([null, expect.stringContaining("exit code 3")]);
});
