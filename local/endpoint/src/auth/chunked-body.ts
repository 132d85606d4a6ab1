import { createHash } from "node:crypto";

import { AwsError, invalidRequest } from "../aws-error.ts";
import type { SignatureClaim } from "./signature-claim.ts";
import { EMPTY_SHA256, isSameSignature, sha256Hex, sign } from "./sigv4.ts";

/** How the chunks of a body are signed: each signature covers the one before it. */
export interface ChunkSigning {
  readonly key: Buffer;
  readonly claim: SignatureClaim;
}

const MAX_LINE_BYTES = 4096; // chunk header or trailer; real ones have about 100
const NEWLINE = 0x0a;

/**
 * Decodes the `aws-chunked` encoding: chunks of `<hex size>[;chunk-signature=...]`,
 * a chunk of size 0, and trailing headers.
 *
 * Trailers are there after the last byte was read.
 *
 * Source: AWS "Transferring payload in multiple chunks (chunked upload)" and
 * "Including trailing headers (chunked upload)".
 */
export class ChunkedBody implements AsyncIterable<Buffer> {
  readonly trailers = new Map<string, string>();
  readonly #source: AsyncIterator<Buffer>;
  readonly #signing: ChunkSigning | null;
  #buffered: Buffer = Buffer.alloc(0);
  #previousSignature: string;

  /** @param signing `null` for STREAMING-UNSIGNED-PAYLOAD-TRAILER */
  constructor(source: AsyncIterable<Buffer>, signing: ChunkSigning | null) {
    this.#source = source[Symbol.asyncIterator]();
    this.#signing = signing;
    this.#previousSignature = signing?.claim.signature ?? "";
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    for (;;) {
      const { size, signature } = parseChunkHeader(await this.#line());
      const hash = createHash("sha256");
      let missing = size;
      while (missing > 0) {
        const piece = await this.#take(missing);
        missing -= piece.length;
        hash.update(piece);
        yield piece;
      }
      this.#checkSignature("PAYLOAD", signature, [EMPTY_SHA256, hash.digest("hex")]);
      if (size === 0) break;
      if ((await this.#line()) !== "") throw malformedChunk("a chunk is longer than its size");
    }
    await this.#readTrailers();
  }

  async #readTrailers(): Promise<void> {
    let signedText = "";
    for (;;) {
      // some clients leave out the empty line that ends the trailers
      const line = (await this.#fill()) ? await this.#line() : "";
      if (line === "") break;
      const colon = line.indexOf(":");
      const name = line.slice(0, Math.max(0, colon)).trim().toLowerCase();
      const value = line.slice(colon + 1).trim();
      if (name === "") throw malformedChunk("a trailer is not <name>:<value>");
      if (name === "x-amz-trailer-signature") {
        this.#checkSignature("TRAILER", value, [sha256Hex(signedText)]);
        signedText = "";
      } else {
        this.trailers.set(name, value);
        signedText += `${name}:${value}\n`;
      }
    }
    if (this.#signing !== null && signedText !== "") {
      throw new AwsError("SignatureDoesNotMatch", "The trailing headers are not signed.");
    }
  }

  #checkSignature(part: "PAYLOAD" | "TRAILER", given: string, hashes: readonly string[]): void {
    if (this.#signing === null) return;
    const { key, claim } = this.#signing;
    const kind = `AWS4-HMAC-SHA256-${part}`;
    const expected = sign(key, kind, claim, this.#previousSignature, ...hashes);
    if (!isSameSignature(expected, given)) {
      throw new AwsError(
        "SignatureDoesNotMatch",
        `The signature of a ${part === "PAYLOAD" ? "chunk" : "trailer"} does not match the one we calculated.`,
      );
    }
    this.#previousSignature = expected;
  }

  /** Up to `limit` bytes, at least one. */
  async #take(limit: number): Promise<Buffer> {
    if (!(await this.#fill())) throw incompleteBody();
    const piece = this.#buffered.subarray(0, limit);
    this.#buffered = this.#buffered.subarray(piece.length);
    return piece;
  }

  /** The next line without its line end. */
  async #line(): Promise<string> {
    let line = Buffer.alloc(0);
    for (;;) {
      if (!(await this.#fill())) throw incompleteBody();
      const end = this.#buffered.indexOf(NEWLINE);
      const piece = this.#buffered.subarray(0, end < 0 ? undefined : end);
      line = Buffer.concat([line, piece]);
      if (line.length > MAX_LINE_BYTES) throw malformedChunk("a chunk header is too long");
      this.#buffered = this.#buffered.subarray(end < 0 ? this.#buffered.length : end + 1);
      if (end >= 0) return line.toString("latin1").replace(/\r$/, "");
    }
  }

  /** Makes sure that something is buffered; false at the end of the body. */
  async #fill(): Promise<boolean> {
    while (this.#buffered.length === 0) {
      const next = await this.#source.next();
      if (next.done === true) return false;
      this.#buffered = next.value;
    }
    return true;
  }
}

function parseChunkHeader(line: string): { readonly size: number; readonly signature: string } {
  const parts = /^([0-9a-fA-F]{1,12})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(line.trim());
  if (parts === null) throw malformedChunk(`'${line.slice(0, 40)}' is not a chunk header`);
  return { size: Number.parseInt(parts[1] ?? "", 16), signature: parts[2] ?? "" };
}

function malformedChunk(why: string): AwsError {
  return invalidRequest(`The body is not well-formed aws-chunked: ${why}`);
}

export function incompleteBody(): AwsError {
  return new AwsError(
    "IncompleteBody",
    "You did not provide the number of bytes specified by the Content-Length HTTP header",
  );
}
