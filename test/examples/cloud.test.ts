import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";

import { decodeImage } from "../../lib/image/png.ts";
import { type Service, startService } from "../../local/serve.ts";
import { FakeRenderer } from "../support/fake-renderer.ts";
import { TINY_REQUEST } from "../support/memory-pipeline.ts";
import { tinyNetwork } from "../support/tiny-network.ts";

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "dreamgrid-examples-"));
const request = join(folder, "tiny.json");
const badRequest = join(folder, "bad.json");
const UNKNOWN_LAYER = /layer: there is no layer 'widee'/;

let service: Service;
let env: NodeJS.ProcessEnv;
beforeAll(async () => {
  await tinyNetwork(join(folder, "networks"));
  await writeFile(request, JSON.stringify(TINY_REQUEST));
  await writeFile(badRequest, JSON.stringify({ ...TINY_REQUEST, layer: "widee" }));
  service = await startService({
    dataFolder: join(folder, "data"),
    awsPort: 0,
    apiPort: 0,
    renderer: new FakeRenderer(),
    networkFolders: [join(folder, "networks")],
  });
  const { endpoint, region, credentials } = service.pipeline.connection;
  env = {
    PATH: process.env["PATH"],
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    POLL_SECONDS: "0.2",
  };
});
afterAll(async () => {
  await service.stop();
  rmSync(folder, { recursive: true });
});

const upload = (path: string, sheet: string) =>
  run(
    process.execPath,
    ["examples/cloud/upload-request.mjs", service.pipeline.bucket, path, sheet],
    { env },
  );

const call = (path: string, sheet: string) =>
  run("examples/cloud/call-api.sh", [service.api.url, path, sheet], { env });

test.each([
  { way: "the bucket", send: upload, sheet: "uploaded.png" },
  { way: "the API", send: call, sheet: "called.png" },
])("through $way a request comes back as its sheet", async ({ send, sheet }) => {
  const path = join(folder, sheet);
  const { stdout } = await send(request, path);
  expect(stdout).toMatch(/job \S+ is accepted/);
  expect(stdout).toMatch(/completed: 5 of 5 channels drawn/);
  const { width, height } = await decodeImage(await readFile(path));
  // two columns and three rows of 20 x 16, and a title above
  expect(width).toBe(40);
  expect(height).toBeGreaterThan(48);
});

test("a refused request is refused with its problems", async () => {
  await expect(upload(badRequest, "none.png")).rejects.toMatchObject({
    stderr: expect.stringMatching(UNKNOWN_LAYER),
  });
  await expect(call(badRequest, "none.png")).rejects.toMatchObject({
    stderr: expect.stringMatching(UNKNOWN_LAYER),
  });
});
