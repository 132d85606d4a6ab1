import { expect, onTestFinished, test, vi } from "vitest";

import { signedApi } from "../../../local/page/signed-api.ts";
import { KEY_ID, SECRET, serverThatChecks } from "../../support/signature-server.ts";

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

test("no path of a request leads to another host, nor out of the API's stage", async () => {
  vi.stubEnv("AWS_ACCESS_KEY_ID", KEY_ID);
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", SECRET);
  vi.stubEnv("AWS_SESSION_TOKEN", undefined);
  onTestFinished(() => void vi.unstubAllEnvs());
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
