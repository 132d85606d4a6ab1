import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Endpoint, startEndpoint } from "@dreamgrid/aws-endpoint";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";

import { BucketNetworks } from "../../../lib/pipeline/networks/bucket-networks.ts";
import { createS3Client } from "../../../lib/storage/s3-client.ts";
import { S3ObjectStore } from "../../../lib/storage/s3-object-store.ts";
import { modelsCommand } from "../../../local/cli/models.ts";
import { createTerminal } from "../../../local/cli/terminal.ts";
import { BUCKET, localConnection } from "../../../local/resources.ts";
import { temporaryFolder } from "../../networks/temporary-folder.ts";

let endpoint: Endpoint;
const dataFolder = mkdtempSync(join(tmpdir(), "dreamgrid-publish-"));
beforeAll(async () => {
  endpoint = await startEndpoint({ dataFolder, buckets: [{ name: BUCKET }] });
});
afterAll(async () => {
  await endpoint.close();
  rmSync(dataFolder, { recursive: true });
});
afterEach(() => void vi.unstubAllEnvs());

/** `dreamgrid models publish ...` with the credentials of the environment, as a user has them. */
async function publish(...args: readonly string[]): Promise<readonly string[]> {
  const { region, credentials } = localConnection(endpoint.url);
  vi.stubEnv("AWS_ENDPOINT_URL", endpoint.url);
  vi.stubEnv("AWS_REGION", region);
  vi.stubEnv("AWS_ACCESS_KEY_ID", credentials.accessKeyId);
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", credentials.secretAccessKey);
  const printed: string[] = [];
  const command = modelsCommand(
    createTerminal({
      env: { DREAMGRID_CACHE: await temporaryFolder() },
      stdout: { write: (text) => printed.push(text.replace(/\n$/, "")) },
      stderr: { write: () => undefined },
      analyse: () => Promise.reject(new Error("nothing is analysed here")),
    }),
  );
  await command.parseAsync(["publish", ...args], { from: "user" });
  return printed;
}

const store = () => new S3ObjectStore(createS3Client(localConnection(endpoint.url)), BUCKET);

test("a published network is one that the pipeline opens", async () => {
  expect(await publish("emojinet", "--bucket", BUCKET)).toEqual([
    "emojinet is published: s3://dreamgrid/models/emojinet/emojinet.onnx",
  ]);
  const networks = new BucketNetworks({ store: store(), cacheFolder: await temporaryFolder() });
  expect((await networks.open("emojinet")).labels).toHaveLength(567);
});

test("a bucket that is not there is named, with what to check", async () => {
  await expect(publish("emojinet", "--bucket", "nowhere")).rejects.toThrow(
    /cannot publish 'emojinet' to s3:\/\/nowhere: .*check the bucket's name/,
  );
});

test("a misspelt id publishes none of the networks", async () => {
  const requests = endpoint.operationCounts().get("PutObject");
  await expect(publish("emojinet", "emojinett", "--bucket", BUCKET)).rejects.toThrow(
    /did you mean 'emojinet'/,
  );
  expect(endpoint.operationCounts().get("PutObject")).toBe(requests);
});
