import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";

import * as z from "zod";

import { crc32c } from "./crc32c.ts";
import { Crc64Nvme } from "./crc64-nvme.ts";

/** Checksum algorithms of S3, as they end the header `x-amz-checksum-<algorithm>`. */
const CHECKSUM_ALGORITHMS = ["crc32", "crc32c", "crc64nvme", "sha1", "sha256"] as const;
export const checksumAlgorithmSchema = z.enum(CHECKSUM_ALGORITHMS);
export type ChecksumAlgorithm = z.infer<typeof checksumAlgorithmSchema>;

/** A checksum of stored bytes, base64 as S3 writes it. Composite values end in `-<parts>`. */
export const checksumSchema = z.object({ algorithm: checksumAlgorithmSchema, value: z.string() });
export type Checksum = Readonly<z.infer<typeof checksumSchema>>;

/** What `createHash` also offers: bytes in pieces, a digest at the end. */
export interface Hasher {
  update(bytes: Uint8Array): unknown;
  digest(): Buffer;
}

export function createHasher(algorithm: ChecksumAlgorithm | "md5"): Hasher {
  if (algorithm === "crc32") return new Crc32(crc32);
  if (algorithm === "crc32c") return new Crc32(crc32c);
  if (algorithm === "crc64nvme") return new Crc64Nvme();
  return createHash(algorithm);
}

/** The algorithm a text names, in any case: headers say `CRC32`, header names `crc32`. */
export function checksumAlgorithm(name: string): ChecksumAlgorithm | null {
  return CHECKSUM_ALGORITHMS.find((algorithm) => algorithm === name.toLowerCase()) ?? null;
}

/** Four bytes, big-endian, as S3 encodes them. */
class Crc32 implements Hasher {
  readonly #continue: (bytes: Uint8Array, former: number) => number;
  #crc = 0;

  constructor(continueFrom: (bytes: Uint8Array, former: number) => number) {
    this.#continue = continueFrom;
  }

  update(bytes: Uint8Array): void {
    this.#crc = this.#continue(bytes, this.#crc);
  }

  digest(): Buffer {
    const out = Buffer.alloc(4);
    out.writeUInt32BE(this.#crc);
    return out;
  }
}
