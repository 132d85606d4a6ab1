import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { promisify } from "node:util";

import { expect, onTestFinished, test, vi } from "vitest";

import { DownloadError } from "../../lib/networks/errors.ts";
import { downloadFile, type Download, type DownloadProgress } from "../../lib/networks/fetch.ts";
import { bundledScript } from "../support/bundled-script.ts";
import { deadAddress, serve } from "./file-server.ts";
import { sha256 } from "./descriptions.ts";
import { filesIn, temporaryFolder } from "./temporary-folder.ts";

/** 300 kB, so that a body comes in several pieces. */
const BODY = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7 + (i >> 9)) & 255);

async function prepare(url: string): Promise<{ folder: string; download: Download }> {
  const folder = await temporaryFolder();
  const target = join(folder, "net", "net.onnx");
  const facts = { sha256: sha256(BODY), sizeBytes: BODY.length, remedy: "do it by hand" };
  return { folder, download: { url, target, ...facts } };
}

const sendBody: RequestListener = (_, response) => response.end(BODY);

test("a file arrives whole, with progress, and nothing else is left", async () => {
  const { folder, download } = await prepare(
    await serve((_, response) => {
      response.setHeader("content-length", BODY.length);
      response.end(BODY);
    }),
  );
  const progress: DownloadProgress[] = [];
  await downloadFile(download, { onProgress: (step) => progress.push(step) });
  expect(new Uint8Array(await readFile(download.target))).toEqual(BODY);
  expect(await filesIn(folder)).toEqual(["net/net.onnx"]);
  expect(progress.length).toBeGreaterThan(1);
  expect(progress.at(-1)).toEqual({ receivedBytes: BODY.length, totalBytes: BODY.length });
  const received = progress.map(({ receivedBytes }) => receivedBytes);
  expect(received).toEqual(received.toSorted((a, b) => a - b));
});

test("without an announced length the description's is the total", async () => {
  const { download } = await prepare(
    await serve((_, response) => {
      response.write(BODY.subarray(0, 10));
      response.end(BODY.subarray(10));
    }),
  );
  const totals = new Set<number | null>();
  await downloadFile(download, { onProgress: ({ totalBytes }) => totals.add(totalBytes) });
  expect([...totals]).toEqual([BODY.length]);
});

test("redirects are followed", async () => {
  const url = await serve((request, response) => {
    if (request.url === "/moved/net.onnx") response.end(BODY);
    else response.writeHead(302, { location: "/moved/net.onnx" }).end();
  });
  const { folder, download } = await prepare(`${url}/net.onnx`);
  await downloadFile(download);
  expect(await filesIn(folder)).toEqual(["net/net.onnx"]);
});

const LONGER = new Uint8Array(BODY.length + 1);
const ALTERED = Uint8Array.from(BODY, (byte, i) => (i === 150_000 ? byte ^ 1 : byte));

test.each<[string, RequestListener, string]>([
  ["404", (_, response) => response.writeHead(404).end("no"), "answered 404 Not Found"],
  ["500", (_, response) => response.writeHead(500).end(), "answered 500"],
  ["a pointer instead", (_, response) => response.end("version 1"), "9 bytes arrived, want 300000"],
  ["too many bytes", (_, response) => response.end(LONGER), "longer than the 300000 bytes"],
  ["an altered byte", (_, response) => response.end(ALTERED), "it was altered"],
  [
    "an endless redirect",
    (_, response) => response.writeHead(302, { location: "/" }).end(),
    "redirect",
  ],
  [
    "a body cut short",
    (_, response) => {
      response.setHeader("content-length", BODY.length);
      response.write(BODY.subarray(0, 1000), () => response.destroy());
    },
    "; do it by hand",
  ],
  ["no answer", (request) => request.socket.destroy(), "; do it by hand"],
])(
  "%s is an error with the address and the remedy, and leaves nothing",
  async (_, listener, reason) => {
    const { folder, download } = await prepare(await serve(listener));
    const downloaded = downloadFile(download);
    await expect(downloaded).rejects.toThrow(DownloadError);
    await expect(downloaded).rejects.toThrow(`cannot download ${download.url}: `);
    await expect(downloaded).rejects.toThrow(reason);
    await expect(downloaded).rejects.toThrow(/; do it by hand$/);
    expect(await filesIn(folder)).toEqual([]);
  },
);

test("the check for leftovers sees a hidden file", async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, ".left.part"), "x");
  expect(await filesIn(folder)).toEqual([".left.part"]);
});

test("a refused connection says so", async () => {
  const { folder, download } = await prepare(await deadAddress());
  await expect(downloadFile(download)).rejects.toThrow(/ECONNREFUSED.*; do it by hand$/);
  expect(await filesIn(folder)).toEqual([]);
});

test("an abort ends the download with its reason and leaves nothing", async () => {
  const controller = new AbortController();
  const url = await serve((_, response) => response.write(BODY.subarray(0, 1000)));
  const { folder, download } = await prepare(url);
  const reason = new Error("enough");
  const downloaded = downloadFile(download, {
    signal: controller.signal,
    onProgress: () => controller.abort(reason),
  });
  await expect(downloaded).rejects.toBe(reason);
  expect(await filesIn(folder)).toEqual([]);
  await expect(downloadFile(download, { signal: controller.signal })).rejects.toBe(reason);
});

test("a server that falls silent is given up", async () => {
  const url = await serve((_, response) => response.write(BODY.subarray(0, 1000)));
  const { folder, download } = await prepare(url);
  await expect(downloadFile(download, { stallMs: 100 })).rejects.toThrow(
    "nothing arrived for 0.1 s",
  );
  expect(await filesIn(folder)).toEqual([]);
});

test("a failed download leaves the file that was there", async () => {
  const { folder, download } = await prepare(await serve(sendBody));
  await downloadFile(download);
  const failing = { ...download, sha256: "0".repeat(64) };
  await expect(downloadFile(failing)).rejects.toThrow("it was altered");
  expect(await filesIn(folder)).toEqual(["net/net.onnx"]);
  expect(new Uint8Array(await readFile(download.target))).toEqual(BODY);
});

test("two downloads of one file at once both succeed", async () => {
  const { folder, download } = await prepare(await serve(sendBody));
  await Promise.all([downloadFile(download), downloadFile(download), downloadFile(download)]);
  expect(await filesIn(folder)).toEqual(["net/net.onnx"]);
  expect(new Uint8Array(await readFile(download.target))).toEqual(BODY);
});

test("one of two downloads failing does not disturb the other", async () => {
  let requests = 0;
  const { folder, download } = await prepare(
    await serve((_, response) => response.end(requests++ === 0 ? ALTERED : BODY)),
  );
  const outcomes = await Promise.allSettled([downloadFile(download), downloadFile(download)]);
  expect(outcomes.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
  expect(await filesIn(folder)).toEqual(["net/net.onnx"]);
});

test.each(["HTTP_PROXY", "http_proxy"])(
  "the proxy that %s names is asked, but for what NO_PROXY names",
  async (name) => {
    const asked: string[] = [];
    const address = await serve(sendBody);
    const proxy = createServer((_, response) => response.writeHead(405).end());
    // tunnels, as proxies do for https and undici asks for http as well
    proxy.on("connect", ({ url = "" }: IncomingMessage, client: Duplex) => {
      asked.push(url);
      const [host, port] = url.split(":");
      const server = connect(Number(port), host, () => {
        client.write("HTTP/1.1 200 Connection Established\r\n\r\n");
        server.pipe(client).pipe(server);
      });
      client.on("error", () => server.destroy());
      server.on("error", () => client.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void proxy.close());
    onTestFinished(() => void vi.unstubAllEnvs());
    for (const other of [
      "HTTPS_PROXY",
      "https_proxy",
      "HTTP_PROXY",
      "http_proxy",
      "NO_PROXY",
      "no_proxy",
    ]) {
      vi.stubEnv(other, undefined);
    }
    vi.stubEnv(name, `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
    const { download } = await prepare(`${address}/net.onnx`);
    await downloadFile(download);
    expect(new Uint8Array(await readFile(download.target))).toEqual(BODY);
    expect(asked).toEqual([new URL(address).host]);

    vi.stubEnv("NO_PROXY", "127.0.0.1");
    const direct = await prepare(`${address}/net.onnx`);
    await downloadFile(direct.download);
    expect(asked).toHaveLength(1);
    proxy.closeAllConnections();
  },
);

test("where a proxy is named, the process's own fetch is Node's as before", async () => {
  const { folder, download } = await prepare(await serve(sendBody));
  const script = await bundledScript("test/networks/fetch-twice.ts", folder);
  const env = { ...process.env, HTTP_PROXY: "http://127.0.0.1:9", NO_PROXY: "127.0.0.1" };
  const words = [script, download.url, download.target, download.sha256];
  expect((await promisify(execFile)(process.execPath, words, { env })).stdout).toBe("200");
});
