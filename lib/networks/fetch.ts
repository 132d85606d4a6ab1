import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { pipeline } from "node:stream/promises";

import { DownloadError } from "./errors.ts";
import { makeWhole } from "./whole.ts";

export interface Download {
  /** http or https address; redirects are followed. */
  readonly url: string;
  /** Path of the finished file; its folder is made. */
  readonly target: string;
  readonly sha256: string;
  readonly sizeBytes: number | null;
  /** What the user can do if it fails, for the message. */
  readonly remedy: string;
}

export interface DownloadProgress {
  readonly receivedBytes: number;
  readonly totalBytes: number | null;
}

export interface DownloadOptions {
  readonly onProgress?: (progress: DownloadProgress) => void;
  readonly signal?: AbortSignal;
  /** Time without a single byte after which the server counts as lost. */
  readonly stallMs?: number;
}

/**
 * Downloads a file whole or not at all: into a temporary file beside the target, which becomes the
 * target only once size and SHA-256 are right. Two downloads of one target do not disturb each
 * other.
 *
 * @throws DownloadError with the address and the remedy; the signal's reason if it was aborted
 */
export async function downloadFile(
  download: Download,
  { onProgress, signal, stallMs = 60_000 }: DownloadOptions = {},
): Promise<void> {
  const { target } = download;
  signal?.throwIfAborted();
  await mkdir(dirname(target), { recursive: true });
  const stalled = new AbortController();
  const stallTimer = setTimeout(() => stalled.abort(), stallMs);
  const signals = [stalled.signal, signal].filter((each) => each !== undefined);
  try {
    const receiver = {
      signal: AbortSignal.any(signals),
      onBytes: (progress: DownloadProgress) => {
        stallTimer.refresh();
        onProgress?.(progress);
      },
    };
    await makeWhole(target, (temporary) => receive(download, temporary, receiver));
  } catch (error) {
    signal?.throwIfAborted();
    const reason = stalled.signal.aborted
      ? `nothing arrived for ${stallMs / 1000} s`
      : describeFailure(error);
    throw new DownloadError(`cannot download ${download.url}: ${reason}; ${download.remedy}`, {
      cause: error,
    });
  } finally {
    clearTimeout(stallTimer);
  }
}

interface Receiver {
  readonly signal: AbortSignal;
  readonly onBytes: (progress: DownloadProgress) => void;
}

/** Writes the body to `path`; throws unless it is the file wanted. */
async function receive(download: Download, path: string, receiver: Receiver): Promise<void> {
  const { signal, onBytes } = receiver;
  // compressed in transit, the length announced would not be that of the file
  const headers = { "accept-encoding": "identity" };
  const response = await (await fetcher())(download.url, { signal, headers });
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    throw new Error(`the server answered ${response.status} ${response.statusText}`.trim());
  }
  const announced = Number(response.headers.get("content-length") ?? Number.NaN);
  const totalBytes = Number.isFinite(announced) ? announced : download.sizeBytes;

  const hash = createHash("sha256");
  let receivedBytes = 0;
  await pipeline(
    response.body,
    async function* metered(chunks: AsyncIterable<Uint8Array>) {
      for await (const chunk of chunks) {
        receivedBytes += chunk.length;
        if (download.sizeBytes !== null && receivedBytes > download.sizeBytes) {
          throw new Error(`the file is longer than the ${download.sizeBytes} bytes expected`);
        }
        hash.update(chunk);
        onBytes({ receivedBytes, totalBytes });
        yield chunk;
      }
    },
    createWriteStream(path, { flags: "wx" }),
    { signal },
  );
  if (download.sizeBytes !== null && receivedBytes !== download.sizeBytes) {
    throw new Error(`${receivedBytes} bytes arrived, want ${download.sizeBytes}`);
  }
  const sha256 = hash.digest("hex");
  if (sha256 !== download.sha256) {
    throw new Error(`the file's SHA-256 is ${sha256}, want ${download.sha256}: it was altered`);
  }
}

/** Node's own `fetch` knows no proxy; that which the environment names is asked by undici's. */
async function fetcher(): Promise<(url: string, init: RequestInit) => Promise<Response>> {
  const names = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"];
  if (!names.some((name) => process.env[name])) return fetch;
  // Node's own `fetch` is served by whichever undici is loaded first; with `Headers` it is Node's
  void new Headers();
  // by name, what a bundle imports late has nothing of a CommonJS package
  const { default: undici } = await import("undici");
  const dispatcher = new undici.EnvHttpProxyAgent();
  return async (url, { signal, headers }) => {
    const asked = { dispatcher, signal: signal ?? null, headers: Object.entries(headers ?? {}) };
    return undici.fetch(url, asked);
  };
}

/** `fetch` says only "fetch failed"; what went wrong is in its cause. */
function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  const code = "code" in cause && typeof cause.code === "string" ? cause.code : null;
  if (cause.message === "") return code ?? error.message;
  return code === null || cause.message.includes(code)
    ? cause.message
    : `${cause.message} (${code})`;
}
