import { describe, expect, test } from "vitest";

import { ChunkedBody } from "../src/auth/chunked-body.ts";
import { readSignatureClaim } from "../src/auth/signature-claim.ts";
import { signingKey } from "../src/auth/sigv4.ts";
import { verifySignature } from "../src/auth/verify-signature.ts";
import type { WireRequest } from "../src/http/message.ts";

/*
 * The worked examples of the AWS documentation: "Signature calculations for the authorization
 * header" (single chunk, multiple chunks, trailing headers) and "Authenticating requests: using
 * query parameters", Amazon S3 API reference.
 */
const CREDENTIALS = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
};
const SCOPE = "20130524/us-east-1/s3/aws4_request";
const NOW = Date.parse("2013-05-24T00:00:00Z");
const POLICY = { credentials: CREDENTIALS, nowMs: NOW };
const EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

function request(more: Partial<WireRequest>): WireRequest {
  return {
    id: "1",
    method: "GET",
    rawPath: "/test.txt",
    query: new URLSearchParams(),
    headers: {},
    body: chunks(Buffer.alloc(0)),
    disconnected: new AbortController().signal,
    ...more,
  };
}

async function* chunks(bytes: Buffer, size = bytes.length): AsyncGenerator<Buffer> {
  for (let i = 0; i < bytes.length; i += size) {
    await Promise.resolve();
    yield bytes.subarray(i, i + size);
  }
}

function authorization(signedHeaders: string, signature: string): string {
  return `AWS4-HMAC-SHA256 Credential=${CREDENTIALS.accessKeyId}/${SCOPE},SignedHeaders=${signedHeaders},Signature=${signature}`;
}

const GET_SIGNATURE = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41";

function exampleGet(range: string): WireRequest {
  return request({
    headers: {
      host: "examplebucket.s3.amazonaws.com",
      range,
      "x-amz-content-sha256": EMPTY,
      "x-amz-date": "20130524T000000Z",
      authorization: authorization("host;range;x-amz-content-sha256;x-amz-date", GET_SIGNATURE),
    },
  });
}

describe("the example of a GET", () => {
  test("is accepted", () => {
    const get = exampleGet("bytes=0-9");
    expect(() => verifySignature(get, readSignatureClaim(get), EMPTY, POLICY)).not.toThrow();
  });

  test("is refused with another range", () => {
    const get = exampleGet("bytes=0-8");
    expect(() => verifySignature(get, readSignatureClaim(get), EMPTY, POLICY)).toThrow(
      /signature we calculated does not match/,
    );
  });
});

describe("the example of a presigned URL", () => {
  const query = new URLSearchParams({
    "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
    "X-Amz-Credential": `${CREDENTIALS.accessKeyId}/${SCOPE}`,
    "X-Amz-Date": "20130524T000000Z",
    "X-Amz-Expires": "86400",
    "X-Amz-SignedHeaders": "host",
    "X-Amz-Signature": "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
  });
  const get = request({ query, headers: { host: "examplebucket.s3.amazonaws.com" } });
  const verify = (nowMs: number) =>
    verifySignature(get, readSignatureClaim(get), "UNSIGNED-PAYLOAD", { ...POLICY, nowMs });

  test("is accepted for a day and not longer", () => {
    expect(() => verify(NOW)).not.toThrow();
    expect(() => verify(NOW + 86_400_000)).not.toThrow();
    expect(() => verify(NOW + 86_401_000)).toThrow("Request has expired");
  });
});

interface ChunkedExample {
  readonly seed: string;
  readonly signatures: readonly [first: string, second: string, last: string];
  readonly trailers: string;
}

/** 65 KiB of the letter a, in chunks of 64 KiB and 1 KiB. */
function chunkedBytes({ signatures, trailers }: ChunkedExample): Buffer {
  const [first, second, last] = signatures;
  return Buffer.from(
    [
      `10000;chunk-signature=${first}\r\n${"a".repeat(65_536)}\r\n`,
      `400;chunk-signature=${second}\r\n${"a".repeat(1024)}\r\n`,
      `0;chunk-signature=${last}\r\n`,
      `${trailers}\r\n`,
    ].join(""),
  );
}

async function decode(example: ChunkedExample, bytes: Buffer, pieceSize: number) {
  const put = request({
    method: "PUT",
    headers: {
      "x-amz-date": "20130524T000000Z",
      authorization: authorization("host", example.seed),
    },
  });
  const claim = readSignatureClaim(put);
  const key = signingKey(CREDENTIALS.secretAccessKey, claim.scope);
  const body = new ChunkedBody(chunks(bytes, pieceSize), { key, claim });
  const pieces: Buffer[] = [];
  for await (const piece of body) pieces.push(piece);
  return { text: Buffer.concat(pieces).toString(), trailers: body.trailers };
}

const PLAIN: ChunkedExample = {
  seed: "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
  signatures: [
    "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
    "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
    "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
  ],
  trailers: "",
};

const WITH_TRAILER: ChunkedExample = {
  seed: "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
  signatures: [
    "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
    "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
    "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
  ],
  trailers: [
    "x-amz-checksum-crc32c:sOO8/Q==\r\n",
    "x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n",
  ].join(""),
};

describe.each([
  { name: "chunks", example: PLAIN },
  { name: "chunks with a trailer", example: WITH_TRAILER },
])("the example of signed $name", ({ example }) => {
  test.each([1 << 20, 8192, 7])("is decoded from pieces of %i bytes", async (pieceSize) => {
    const { text } = await decode(example, chunkedBytes(example), pieceSize);
    expect(text).toBe("a".repeat(66_560));
  });

  test("is refused with a byte changed in any part", async () => {
    const bytes = chunkedBytes(example);
    const places = [100, 65_700, 65_800].map((place) => bytes.indexOf("a".charCodeAt(0), place));
    for (const place of places) {
      const changed = Buffer.from(bytes);
      changed[place] = "b".charCodeAt(0);
      await expect(decode(example, changed, 8192)).rejects.toMatchObject({
        code: expect.stringMatching(/SignatureDoesNotMatch|InvalidRequest/),
      });
    }
  });

  test("is refused if it ends early", async () => {
    const bytes = chunkedBytes(example);
    for (const length of [10, 1000, 65_700]) {
      await expect(decode(example, bytes.subarray(0, length), 8192)).rejects.toMatchObject({
        code: "IncompleteBody",
      });
    }
  });
});

test("the trailer of the example is read, and refused without its signature", async () => {
  const { trailers } = await decode(WITH_TRAILER, chunkedBytes(WITH_TRAILER), 8192);
  expect(trailers.get("x-amz-checksum-crc32c")).toBe("sOO8/Q==");
  const unsigned = { ...WITH_TRAILER, trailers: "x-amz-checksum-crc32c:sOO8/Q==\r\n" };
  await expect(decode(unsigned, chunkedBytes(unsigned), 8192)).rejects.toMatchObject({
    code: "SignatureDoesNotMatch",
  });
});
