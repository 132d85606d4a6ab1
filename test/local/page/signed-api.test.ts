import { createHash, createHmac } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

import { expect, onTestFinished, test, vi } from "vitest";

import { signedApi } from "../../../local/page/signed-api.ts";

const KEY_ID = "AKIDEXAMPLE";
const SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const sha256 = (data: string | Buffer) => createHash("sha256").update(data).digest("hex");
const hmac = (key: string | Buffer, data: string) =>
  createHmac("sha256", key).update(data).digest();

/** Signature Version 4 worked out anew, by its own description; the signature that is right. */
function rightSignature(
  { method = "", url = "", headers }: IncomingMessage,
  body: Buffer,
  { secret, scope, signedHeaders }: Record<"secret" | "scope" | "signedHeaders", string>,
): string {
  const [path = "", query = ""] = url.split("?");
  const canonical = [
    method,
    path,
    query.split("&").toSorted().join("&"),
    ...signedHeaders.split(";").map((name) => `${name}:${String(headers[name]).trim()}`),
    "",
    signedHeaders,
    sha256(body),
  ].join("\n");
  const toSign = ["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, sha256(canonical)].join("\n");
  const [day = "", region = "", service = "", end = ""] = scope.split("/");
  const key = [region, service, end].reduce(hmac, hmac(`AWS4${secret}`, day));
  return createHmac("sha256", key).update(toSign).digest("hex");
}

async function serverThatChecks(secret: string) {
  const answer = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const body = await buffer(incoming);
    const [, id, scope = "", signedHeaders = "", signature] =
      /Credential=([^/]+)\/([^,]+), SignedHeaders=([^,]+), Signature=(\w+)/.exec(
        incoming.headers.authorization ?? "",
      ) ?? [];
    const isRight =
      id === KEY_ID &&
      signature === rightSignature(incoming, body, { secret, scope, signedHeaders });
    outgoing.writeHead(isRight ? 200 : 403, { "Content-Type": "application/json" });
    outgoing.end(JSON.stringify({ scope, url: incoming.url, body: body.toString("utf8") }));
  };
  const server = createServer((incoming, outgoing) => void answer(incoming, outgoing));
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => void server.close());
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/prod`);
}

const event = {
  httpMethod: "POST",
  path: "/jobs",
  multiValueHeaders: { "Content-Type": ["application/json"], Cookie: ["not for the API"] },
  multiValueQueryStringParameters: { after: ["b_1"], limit: ["7"] },
  body: Buffer.from('{"network":"tiny"}').toString("base64"),
  isBase64Encoded: true,
  requestContext: { path: "/jobs" },
};

test("requests go to the API signed with the user's credentials, and no others", async () => {
  vi.stubEnv("AWS_ACCESS_KEY_ID", KEY_ID);
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", SECRET);
  vi.stubEnv("AWS_SESSION_TOKEN", undefined);
  onTestFinished(() => void vi.unstubAllEnvs());
  const { statusCode, body } = await signedApi(await serverThatChecks(SECRET), "eu-west-3")(event);
  expect(statusCode).toBe(200);
  expect(JSON.parse(body)).toEqual({
    scope: expect.stringMatching(/^\d{8}\/eu-west-3\/execute-api\/aws4_request$/),
    url: "/prod/jobs?after=b_1&limit=7",
    body: '{"network":"tiny"}',
  });
  const get = { ...event, httpMethod: "GET", path: "/networks/my.net/layers", body: null };
  const answered = await signedApi(await serverThatChecks(SECRET), "eu-west-3")(get);
  expect(answered.statusCode).toBe(200);
  const other = await signedApi(await serverThatChecks("another secret"), "eu-west-3")(event);
  expect(other.statusCode).toBe(403);
});

test("an API that does not answer is a problem in one sentence", async () => {
  vi.stubEnv("AWS_ACCESS_KEY_ID", KEY_ID);
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", SECRET);
  onTestFinished(() => void vi.unstubAllEnvs());
  const { statusCode, body } = await signedApi(
    new URL("http://127.0.0.1:1/prod"),
    "us-east-1",
  )(event);
  expect(statusCode).toBe(500);
  expect(JSON.parse(body)).toMatchObject({
    problems: [
      expect.stringMatching(/^the API at http:\/\/127\.0\.0\.1:1\/prod cannot be called: /),
    ],
  });
});
