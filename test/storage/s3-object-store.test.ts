import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { expect, onTestFinished, test } from "vitest";

import { createS3Client } from "../../lib/storage/s3-client.ts";
import { S3ObjectStore } from "../../lib/storage/s3-object-store.ts";
import { localConnection } from "../../local/resources.ts";

/** A server that answers with these statuses and codes, one a request, the last one for ever. */
async function storeThatAnswers(...answers: readonly (number | readonly [number, string])[]) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () => {
      const answer = answers[Math.min(asked.length, answers.length - 1)]!;
      const [status, code] = typeof answer === "number" ? [answer, `Status${answer}`] : answer;
      asked.push(`${request.method} ${request.url?.split("?")[0]}`);
      response.writeHead(status, { "content-type": "application/xml" });
      response.end(status === 200 ? "" : `<Error><Code>${code}</Code></Error>`);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const client = createS3Client(localConnection(`http://127.0.0.1:${port}`));
  return { store: new S3ObjectStore(client, "b"), asked, client };
}

const body = Uint8Array.of(1, 2, 3);
const pathStyle = (env: NodeJS.ProcessEnv) => createS3Client(null, env).config.forcePathStyle;

test("a conflict of two conditional writers is tried again until it is decided", async () => {
  const won = await storeThatAnswers(409, 409, 200);
  expect(await won.store.putIfAbsent("k", body, "a/b")).toBe("created");
  expect(won.asked).toEqual(["PUT /b/k", "PUT /b/k", "PUT /b/k"]);
  const lost = await storeThatAnswers(409, 412);
  expect(await lost.store.putIfAbsent("k", body, "a/b")).toBe("exists");
});

test("a conflict that does not end is an error", async () => {
  const { store, asked } = await storeThatAnswers(409);
  await expect(store.putIfAbsent("k", body, "a/b")).rejects.toMatchObject({ name: "Status409" });
  expect(asked).toHaveLength(6);
});

test("a denied look says which permission tells missing from denied", async () => {
  const { store } = await storeThatAnswers(403);
  await expect(store.head("jobs/j/plan.json")).rejects.toThrow(
    "access to s3://b/jobs/j/plan.json is denied; if the object may be missing, s3:ListBucket is needed to tell",
  );
  // what else goes wrong is told as it is
  const other = await storeThatAnswers(400);
  await expect(other.store.head("jobs/j/plan.json")).rejects.toMatchObject({
    $metadata: { httpStatusCode: 400 },
  });
});

test("an object of a bucket that is not there is no missing one", async () => {
  const { store } = await storeThatAnswers([404, "NoSuchKey"], [404, "NoSuchBucket"]);
  expect(await store.find("jobs/j/plan.json")).toBeNull();
  await expect(store.find("jobs/j/plan.json")).rejects.toMatchObject({ name: "NoSuchBucket" });
});

test("what S3 does not answer within a minute is not waited for any longer", async () => {
  const { store, client } = await storeThatAnswers(200);
  await store.put("k", body, "a/b");
  const config = { connectionTimeout: 30_000, socketTimeout: 60_000 };
  expect(client.config.requestHandler).toMatchObject({ config });
});

test("an endpoint of the environment puts the bucket into the path", () => {
  expect(pathStyle({ AWS_ENDPOINT_URL: "http://localhost:4566" })).toBe(true);
  expect(pathStyle({ AWS_ENDPOINT_URL_S3: "http://localhost:4566" })).toBe(true);
  expect(pathStyle({})).toBe(false);
});
