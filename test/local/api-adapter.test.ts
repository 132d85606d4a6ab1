import { mkdtemp, readFile, rm } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";

import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";

import { encodePng } from "../../lib/image/png.ts";
import { type Beside, startApiServer } from "../../local/api-adapter.ts";
import { type Service, startService } from "../../local/serve.ts";
import { checkAnswer } from "../support/check-answer.ts";
import { FakeRenderer } from "../support/fake-renderer.ts";
import { TINY_REQUEST } from "../support/memory-pipeline.ts";
import { tinyNetwork } from "../support/tiny-network.ts";

let folder: string;
let service: Service;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "api-adapter-"));
  await tinyNetwork(folder);
  service = await startService({
    dataFolder: join(folder, "data"),
    awsPort: 0,
    apiPort: 0,
    renderer: new FakeRenderer({ unrenderable: [2] }),
    networkFolders: [folder],
  });
});

afterAll(async () => {
  await service.stop();
  await rm(folder, { recursive: true, force: true });
});

interface Sent {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

interface Received {
  readonly status: number;
  readonly body: unknown;
}

/** Sends a path as it is (fetch would tidy it up) and holds the answer against the document. */
async function send({ method = "GET", path, headers = {}, body }: Sent): Promise<Received> {
  const { hostname, port } = new URL(service.api.url);
  const contentType = body === undefined ? {} : { "Content-Type": "application/json" };
  const response = await new Promise<{ status: number; type: string; body: string }>(
    (resolve, reject) => {
      const request = httpRequest(
        { hostname, port, method, path, headers: { ...contentType, ...headers } },
        (incoming) => {
          text(incoming).then(
            (received) =>
              resolve({
                status: incoming.statusCode ?? 0,
                type: incoming.headers["content-type"] ?? "",
                body: received,
              }),
            reject,
          );
        },
      );
      request.on("error", reject);
      request.end(body);
    },
  );
  const parsed: unknown = JSON.parse(response.body);
  const [bare = ""] = path.split("?");
  const { status, type } = response;
  checkAnswer({ method, path: bare, status, contentType: type, body: parsed });
  return { status, body: parsed };
}

async function finished(path: string): Promise<unknown> {
  for (;;) {
    const { body } = await send({ path });
    if ((body as { completedAt: string | null }).completedAt !== null) return body;
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  }
}

describe("the API over HTTP, against the embedded endpoint", () => {
  test("a job goes from POST to the bytes behind its links", async () => {
    const { status, body } = await send({
      method: "POST",
      path: "/jobs",
      headers: { "Idempotency-Key": "over-http" },
      body: JSON.stringify(TINY_REQUEST),
    });
    expect(status).toBe(202);
    expect(body).toEqual({
      jobId: "over-http",
      total: 5,
      links: { self: "/jobs/over-http" },
      estimate: { coreSeconds: expect.any(Number), dollars: expect.any(Number) },
    });
    const job = (await finished("/jobs/over-http")) as {
      state: string;
      sheet: { montage: string };
      channels: { state: string; tile: string | null }[];
    };
    expect(job.state).toBe("completed_with_failures");
    expect(job.channels.map(({ state }) => state)).toEqual(["ok", "failed", "ok", "ok", "ok"]);
    for (const [link, key] of [
      [job.sheet.montage, "montage.png"],
      [job.channels[2]?.tile ?? "", "tiles/00003.png"],
    ] as const) {
      const fetched = await fetch(link);
      expect(fetched.headers.get("content-type")).toBe("image/png");
      const path = join(service.pipeline.bucketFolder, "jobs", "over-http", key);
      expect(Buffer.from(await fetched.arrayBuffer())).toEqual(await readFile(path));
    }
    const cancel = await send({ method: "DELETE", path: "/jobs/over-http" });
    expect(cancel.status).toBe(409);
    const { body: list } = await send({ path: "/jobs?limit=1" });
    expect(list).toMatchObject({ jobs: [{ jobId: "over-http", failed: 1 }] });
  });

  test("an image goes up through its link once, as announced, and starts a job", async () => {
    const png = await encodePng({ width: 20, height: 16, data: new Uint8Array(960).fill(99) });
    const announce = { kind: "image", contentType: "image/png", sizeBytes: png.byteLength };
    const upload = await send({ method: "POST", path: "/uploads", body: JSON.stringify(announce) });
    const { key, url, headers } = upload.body as {
      key: string;
      url: string;
      headers: Record<string, string>;
    };
    const put = async (changed: Record<string, string>, bytes: Uint8Array) => {
      const response = await fetch(url, {
        method: "PUT",
        headers: { ...headers, ...changed, "Content-Length": String(bytes.byteLength) },
        body: new Uint8Array(bytes),
      });
      return response.status;
    };
    expect(await put({ "Content-Type": "text/html" }, png)).toBe(403);
    expect(await put({}, png.slice(1)), "another size").toBe(403);
    expect(await put({ "If-None-Match": '"x"' }, png), "an overwrite").toBe(403);
    expect(await put({}, png)).toBe(200);
    expect(await put({}, png), "it is there").toBe(412);
    const request = { ...TINY_REQUEST, initialImage: key };
    const { status } = await send({ method: "POST", path: "/jobs", body: JSON.stringify(request) });
    expect(status).toBe(202);
  });

  test.each([
    { path: "/networks", status: 200 },
    { path: "/networks/tiny/layers", status: 200 },
    { path: "/openapi.json", status: 200 },
    { path: "/jobs/none", status: 404 },
    { path: "/jobs/../networks", status: 404 },
    { path: "/jobs/%2e%2e", status: 400 },
    { path: "/networks/..%2fjobs/layers", status: 400 },
    { path: "/jobs?limit=1&limit=2", status: 400 },
    { path: "/jobs", method: "PUT", status: 405 },
    { path: "/jobs", method: "POST", body: "{", status: 400 },
    { path: "/jobs", method: "POST", body: " ".repeat(1_000_000), status: 413 },
    { path: "/uploads", method: "POST", body: "{}", status: 400 },
    {
      path: "/jobs",
      method: "POST",
      body: "{}",
      headers: { "Content-Type": "text/xml" },
      status: 415,
    },
    { path: "/networks", headers: { Host: "rebound.example" }, status: 400 },
  ])("$method $path: $status", async ({ status, ...sent }) => {
    expect((await send(sent)).status).toBe(status);
  });

  test("what is no HTTP ends the connection and nothing else", async () => {
    const { hostname, port } = new URL(service.api.url);
    const socket = connect(Number(port), hostname);
    socket.end("GET\u0000 / nonsense\r\n\r\n");
    const answer = await text(socket);
    expect(answer).toContain("400 Bad Request");
    expect(JSON.parse(answer.split("\r\n\r\n")[1] ?? "")).toMatchObject({
      type: "urn:dreamgrid:problem:invalid-request",
      problems: [expect.stringMatching(/^request: not HTTP/)],
    });
    expect((await send({ path: "/networks" })).status).toBe(200);
  });

  test("an id longer than any header may be is refused like any other", async () => {
    const { status, body } = await send({ path: `/jobs/${"a".repeat(20_000)}` });
    expect(status).toBe(400);
    expect(body).toMatchObject({
      problems: [expect.stringContaining("address and headers are longer than 16384 bytes")],
    });
  });
});

test("a request to the API that does not come to its end is given up; a file may take its time", async () => {
  const beside: Beside = async (incoming, outgoing) => {
    if (incoming.url !== "/file") return false;
    outgoing.end(await text(incoming));
    return true;
  };
  const handler = () => Promise.reject(new Error("no API"));
  const server = await startApiServer(handler, 0, beside, { bodyMs: 20 });
  onTestFinished(() => server.close());
  const begin = (path: string) => {
    const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
    const head = ["Host: localhost", "Content-Length: 2", "Connection: close"].join("\r\n");
    socket.write(`POST ${path} HTTP/1.1\r\n${head}\r\n\r\na`);
    return socket;
  };
  const file = begin("/file");
  expect(await text(begin("/jobs"))).toMatch(
    /^HTTP\/1\.1 400 [^]*its body was not here within 0\.02 seconds; send it anew/,
  );
  file.write("b");
  expect(await text(file)).toMatch(/^HTTP\/1\.1 200 OK[^]*ab/);
});
