import { createHash } from "node:crypto";

import { ChunkedBody, incompleteBody } from "../auth/chunked-body.ts";
import type { Payload } from "../auth/payload.ts";
import { AwsError, invalidArgument } from "../aws-error.ts";
import { type Checksum, createHasher } from "../checksums/checksum.ts";
import { badDigest, checkDigest, readExpectedChecksum } from "../checksums/expected-checksum.ts";
import type { Texts } from "../http/message.ts";
import { MAX_PUT_BYTES, MAX_XML_BYTES } from "../limits.ts";
import type { AuthenticRequest } from "./authenticate.ts";

/** What is known of the body of an S3 request before its first byte. */
export type IncomingBody = Pick<AuthenticRequest, "headers" | "payload"> & {
  readonly bytes: AsyncIterable<Buffer>;
};

/** What is known after its last. */
export interface ReceivedBody {
  readonly size: number;
  /** Hexadecimal. */
  readonly md5: string;
  /** The checksum the client sent; it was right. */
  readonly checksum: Checksum | null;
}

/**
 * Reads a body to its end, handing on its decoded bytes, and checks everything
 * that was promised of it: length, SHA-256 of the signature, signatures of
 * chunks, Content-MD5, checksum in a header or trailer.
 *
 * The caller must not show the bytes to anyone before this has returned.
 *
 * @throws AwsError of S3's code for what does not hold.
 */
export async function receiveBody(
  body: IncomingBody,
  write: (piece: Buffer) => Promise<void> | void,
): Promise<ReceivedBody> {
  const { headers, payload } = body;
  const declaredSize = readDeclaredSize(headers, payload);
  const expected = readExpectedChecksum(headers);
  const contentMd5 = headers["content-md5"] ?? null;
  if (contentMd5 !== null) checkDigest(contentMd5, "md5");

  const chunked = payload.kind === "chunked" ? new ChunkedBody(body.bytes, payload.signing) : null;
  const md5 = createHash("md5");
  const sha256 = payload.kind === "signed" ? createHash("sha256") : null;
  const hasher = expected === null ? null : createHasher(expected.algorithm);
  let size = 0;
  for await (const piece of chunked ?? body.bytes) {
    size += piece.length;
    if (size > declaredSize) throw incompleteBody();
    md5.update(piece);
    sha256?.update(piece);
    hasher?.update(piece);
    await write(piece);
  }

  if (size !== declaredSize) throw incompleteBody();
  if (payload.kind === "signed" && sha256?.digest("hex") !== payload.sha256) {
    throw new AwsError(
      "XAmzContentSHA256Mismatch",
      "The provided 'x-amz-content-sha256' header does not match what was computed.",
    );
  }
  const md5Digest = md5.digest();
  if (contentMd5 !== null && md5Digest.toString("base64") !== contentMd5) throw badDigest("md5");
  let checksum: Checksum | null = null;
  if (expected !== null && hasher !== null) {
    const { algorithm } = expected;
    checksum = { algorithm, value: hasher.digest().toString("base64") };
    const wanted = expected.value ?? chunked?.trailers.get(`x-amz-checksum-${algorithm}`);
    if (wanted !== checksum.value) throw badDigest(algorithm);
  }
  return { size, md5: md5Digest.toString("hex"), checksum };
}

/** Reads a small document, such as the XML of a request, into memory. */
export async function receiveText(
  body: IncomingBody,
): Promise<{ readonly text: string; readonly received: ReceivedBody }> {
  const pieces: Buffer[] = [];
  let size = 0;
  const received = await receiveBody(body, (piece) => {
    size += piece.length;
    if (size > MAX_XML_BYTES) {
      throw new AwsError("MaxMessageLengthExceeded", "Your request was too big.");
    }
    pieces.push(piece);
  });
  return { text: Buffer.concat(pieces).toString("utf8"), received };
}

/** Size of the decoded body in bytes. */
function readDeclaredSize(headers: Texts, payload: Payload): number {
  const name = payload.kind === "chunked" ? "x-amz-decoded-content-length" : "content-length";
  const text = headers[name];
  if (text === undefined) {
    if (headers["transfer-encoding"] === undefined && payload.kind !== "chunked") return 0;
    throw new AwsError("MissingContentLength", "You must provide the Content-Length HTTP header.");
  }
  if (!/^\d{1,15}$/.test(text))
    throw invalidArgument(`${name} is not a number of bytes`, name, text);
  const size = Number(text);
  if (size > MAX_PUT_BYTES) {
    throw new AwsError(
      "EntityTooLarge",
      "Your proposed upload exceeds the maximum allowed object size.",
      { ProposedSize: text, MaxSizeAllowed: MAX_PUT_BYTES },
    );
  }
  return size;
}
