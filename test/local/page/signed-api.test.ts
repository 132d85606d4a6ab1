import { once } from "node:events";
import { createServer as createHttpServer, type IncomingHttpHeaders } from "node:http";
import { type AddressInfo, createServer, type Socket } from "node:net";

import { expect, onTestFinished, test } from "vitest";

import { signedApi } from "../../../local/page/signed-api.ts";
import { SECRET, serverThatChecks, stubCredentials } from "../../support/signature-server.ts";

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
  stubCredentials();
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

test("with a key of the usage plan requests are not signed, and have it", async () => {
  const seen: IncomingHttpHeaders[] = [];
  const server = createHttpServer(({ headers }, answer) => {
    seen.push(headers);
    answer.end("{}");
  }).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const api = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/prod`);
  const { statusCode } = await signedApi(api, "eu-west-3", { apiKey: "k3y" })(event);
  expect(statusCode).toBe(200);
  expect(seen).toMatchObject([{ "x-api-key": "k3y", "content-type": "application/json" }]);
  expect(seen[0]).not.toHaveProperty("authorization");
});

test("an API that does not answer is a problem in one sentence", async () => {
  stubCredentials();
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

test.each([
  ["nothing", ""],
  ["the beginning of an answer", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"],
])("an API of which %s comes is given up, and said to be late", async (_, beginning) => {
  stubCredentials();
  const hanging = createServer((socket) => void socket.write(beginning)).listen(0, "127.0.0.1");
  const sockets = new Set<Socket>();
  hanging.on("connection", (socket) => void sockets.add(socket.on("error", () => {})));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    hanging.close();
  });
  await once(hanging, "listening");
  const { port } = hanging.address() as AddressInfo;
  const api = new URL(`http://127.0.0.1:${port}/prod`);
  const { statusCode, body } = await signedApi(api, "us-east-1", { timeoutMs: 100 })(event);
  expect(statusCode).toBe(500);
  expect(JSON.parse(body)).toMatchObject({
    problems: [`the API at ${api.href} cannot be called: it did not answer within 0.1 s`],
  });
});

test("no path of a request leads to another host, nor out of the API's stage", async () => {
  stubCredentials();
  const api = await serverThatChecks(SECRET);
  const other = await serverThatChecks(SECRET);
  const ask = (at: URL, path: string) =>
    signedApi(
      at,
      "eu-west-3",
    )({
      ...event,
      httpMethod: "GET",
      path,
      multiValueQueryStringParameters: null,
      body: null,
    });
  const withoutStage = new URL(api.origin);
  for (const path of ["/jobs/b", `//${other.host}/x`, `/http://${other.host}/x`]) {
    const { body } = await ask(withoutStage, path);
    expect(JSON.parse(body)).toMatchObject({ url: path });
  }
  // a browser sends no such path, but HTTP knows it
  const { body } = await ask(withoutStage, `http://${other.host}/x`);
  expect(JSON.parse(body)).toMatchObject({ url: `/http://${other.host}/x` });
  for (const path of ["/../admin", "/jobs/%2e%2e/../../../admin"]) {
    const refused = await ask(api, path);
    expect(refused.statusCode).toBe(400);
    expect(JSON.parse(refused.body)).toMatchObject({
      problems: [`path: '${path}' leads out of the API`],
    });
  }
});
