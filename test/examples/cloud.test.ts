import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
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

/** Channels that the renderer fails at. */
const unrenderable: number[] = [];

let service: Service;
let env: NodeJS.ProcessEnv;
beforeAll(async () => {
  await tinyNetwork(join(folder, "networks"));
  // two columns have room for the title
  await writeFile(request, JSON.stringify({ ...TINY_REQUEST, montage: { title: "wide" } }));
  await writeFile(badRequest, JSON.stringify({ ...TINY_REQUEST, layer: "widee" }));
  service = await startService({
    dataFolder: join(folder, "data"),
    awsPort: 0,
    apiPort: 0,
    renderer: new FakeRenderer({ unrenderable }),
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
  expect(stdout).toMatch(/completed: 5 of 5 channels rendered/);
  const { width, height } = await decodeImage(await readFile(path));
  // two columns and three rows of 20 x 16, and above them a title: capitals of 7 between twice 5
  expect([width, height]).toEqual([40, 48 + 17]);
});

test.each([
  { way: "the bucket", send: upload, seed: 1 },
  { way: "the API", send: call, seed: 2 },
])("through $way, what failed is drawn when it is sent again", async ({ send, seed }) => {
  const path = join(folder, `again-${seed}.json`);
  await writeFile(path, JSON.stringify({ ...TINY_REQUEST, seed }));
  unrenderable.push(4);
  expect((await send(path, join(folder, "first.png"))).stdout).toContain("4 of 5 channels");
  unrenderable.length = 0;
  expect((await send(path, join(folder, "second.png"))).stdout).toContain("5 of 5 channels");
});

test("a refused request is refused with its problems", async () => {
  await expect(upload(badRequest, "none.png")).rejects.toMatchObject({
    stderr: expect.stringMatching(UNKNOWN_LAYER),
  });
  await expect(call(badRequest, "none.png")).rejects.toMatchObject({
    stderr: expect.stringMatching(UNKNOWN_LAYER),
  });
});

/** Runs call-api.sh with a curl that fails, and returns what was asked of it. */
async function askedOfCurl(variables: NodeJS.ProcessEnv) {
  const bin = join(folder, "bin");
  await mkdir(bin, { recursive: true });
  const log = join(folder, "curl.log");
  const stub =
    '#!/bin/sh\necho "$@" > "$CURL_LOG"\nwhile [ "$1" != --config ]; do shift; done\ncat "$2" >> "$CURL_LOG"\nexit 22\n';
  await writeFile(join(bin, "curl"), stub);
  await chmod(join(bin, "curl"), 0o755);
  const PATH = `${bin}:${process.env["PATH"]}`;
  await expect(
    run("examples/cloud/call-api.sh", ["https://api.example", request], {
      env: { ...variables, PATH, CURL_LOG: log },
    }),
  ).rejects.toMatchObject({ code: 1 });
  const [argumentsGiven = "", ...settings] = (await readFile(log, "utf8")).split("\n");
  return { argumentsGiven, settings };
}

test.each([
  {
    variables: {
      AWS_REGION: "eu-west-1",
      AWS_ACCESS_KEY_ID: "AKIAEXAMPLE",
      AWS_SECRET_ACCESS_KEY: "wJalr/XUtn+FEMI",
      AWS_SESSION_TOKEN: "IQoJb3JpZ2lu==",
    },
    settings: [
      'aws-sigv4 = "aws:amz:eu-west-1:execute-api"',
      'user = "AKIAEXAMPLE:wJalr/XUtn+FEMI"',
      'header = "x-amz-security-token: IQoJb3JpZ2lu=="',
    ],
  },
  { variables: { API_KEY: "k3y" }, settings: ['header = "x-api-key: k3y"'] },
])("curl is told $settings, where no other user sees it", async ({ variables, settings }) => {
  const asked = await askedOfCurl(variables);
  expect(asked.settings.filter((line) => line !== "")).toEqual(settings);
  expect(asked.argumentsGiven).toContain("https://api.example/jobs");
  for (const secret of Object.values(variables)) expect(asked.argumentsGiven).not.toContain(secret);
});
