import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";

import { expect, test } from "vitest";

import { temporaryFolder } from "../../networks/temporary-folder.ts";
import { tinyNetwork } from "../../support/tiny-network.ts";
import { startServe } from "../start-serve.ts";
import { runWith } from "./command-line.ts";

test.each([
  [["analyze", "net.pt"], /net\.pt: networks are read as ONNX; .*torch\.onnx\.export/],
  [["dream", "net.keras", "--layer", "1"], /net\.keras: networks are read as ONNX; .*tf2onnx/],
  [["net.TFLITE"], /net\.TFLITE: networks are read as ONNX; .*--tflite/],
])("%j says what to do", async (words, message) => {
  const { code, stderr } = await runWith({}, ...words);
  expect(stderr).toMatch(/^dreamgrid: [^\n]+\n$/);
  expect(stderr).toMatch(message);
  expect(code).toBe(2);
});

test("DREAMGRID_MODELS has to name folders", async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, "file"), "");
  for (const missing of [join(folder, "nowhere"), join(folder, "file")]) {
    const env = { DREAMGRID_MODELS: `${folder}:${missing}` };
    const { code, stderr } = await runWith({ env }, "models", "list");
    expect(stderr).toContain(`dreamgrid: DREAMGRID_MODELS: there is no folder ${missing}; `);
    expect(code).toBe(2);
  }
  expect((await runWith({ env: { DREAMGRID_MODELS: folder } }, "models", "list")).code).toBe(0);
});

test("an old Node is told so in one line", async () => {
  const bin = resolve("local/bin/dreamgrid.mjs");
  const old = join(await temporaryFolder(), "old.cjs");
  const version = (node: string) =>
    `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "${node}" } });`;
  for (const [node, status] of [
    ["18.20.4", 2],
    ["20.18.3", 2],
    ["20.19.0", 0],
    ["22.1.0", 0],
  ] as const) {
    await writeFile(old, version(node));
    const ended = spawnSync(process.execPath, ["--require", old, bin, "--version"], {
      encoding: "utf8",
    });
    expect([node, ended.status]).toEqual([node, status]);
    const told = status === 0 ? "" : `dreamgrid: Node ${node} is too old; wanted 20.19 or later\n`;
    expect(ended.stderr).toBe(told);
  }
});

test("a working folder that is gone is told of in one line", async () => {
  const folder = await temporaryFolder();
  const bin = join(import.meta.dirname, "../../../local/bin/dreamgrid.mjs");
  const inDeleted = `mkdir gone && cd gone && rmdir ../gone && exec "$0" "$1" models list`;
  const { status, stdout, stderr } = spawnSync("sh", ["-c", inDeleted, process.execPath, bin], {
    cwd: folder,
    encoding: "utf8",
  });
  expect({ status, stdout, stderr }).toEqual({
    status: 2,
    stdout: "",
    stderr:
      "dreamgrid: the working folder has been deleted or cannot be read (ENOENT); change to another, and run it again\n",
  });
});

const hasCurl = spawnSync("curl", ["--version"]).status === 0;
if (!hasCurl) process.stderr.write("what serve prints for curl is not tested: there is none\n");

test("what serve prints works as it stands, from another folder", async () => {
  const folder = join(await temporaryFolder(), "it's a folder");
  await mkdir(folder);
  await tinyNetwork(folder, { wideChannels: 3 });
  const plan = { log: "log", hangsAfter: Infinity, recoverySeconds: 600 };
  const service = await startServe(folder, plan, { cwd: folder });
  const lines = service
    .output()
    .split("\n")
    .map((line) => line.trim());
  const line = (start: RegExp) => lines.find((each) => start.test(each)) ?? `false # no ${start}`;
  // no account of the machine's may help
  const env = { PATH: process.env["PATH"], HOME: folder };
  const run = (...commands: readonly string[]) =>
    spawnSync("bash", ["-ec", commands.join("\n")], { cwd: folder, env, encoding: "utf8" });
  const exports = line(/^export AWS_ACCESS_KEY_ID/);
  const upload = run(exports, line(/^node .*upload-request\.mjs/));
  expect(upload).toMatchObject({ status: 0 });
  expect(existsSync(join(folder, "sheet.png"))).toBe(true);
  const command = `node '${resolve("local/bin/dreamgrid.mjs")}'`;
  const publish = line(/^dreamgrid models publish/).replace(/^dreamgrid/, command);
  expect(run(exports, publish)).toMatchObject({ status: 0 });
  const post = line(/^curl .*POST|^curl .*-d /);
  expect(post).toContain(service.apiUrl);
  const posted = hasCurl ? (JSON.parse(run(post).stdout) as { total: number }).total : "no curl";
  expect([36, "no curl"]).toContain(posted);
  service.process.kill("SIGTERM");
  await once(service.process, "exit");
});
