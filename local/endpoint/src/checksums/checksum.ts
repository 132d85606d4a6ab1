import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";

import { Crc32c } from "./crc32c.ts";
import { Crc64Nvme } from "./crc64-nvme.ts";

/** Checksum algorithms of S3, as they end the header `x-amz-checksum-<algorithm>`. */
export const CHECKSUM_ALGORITHMS = ["crc32", "crc32c", "crc64nvme", "sha1", "sha256"] as const;
export type ChecksumAlgorithm = (typeof CHECKSUM_ALGORITHMS)[number];

/** What `createHash` also offers: bytes in pieces, a digest at the end. */
export interface Hasher {
  update(bytes: Uint8Array): unknown;
  digest(): Buffer;
}

export function createHasher(algorithm: ChecksumAlgorithm | "md5"): Hasher {
  if (algorithm === "crc32") return new Crc32();
  if (algorithm === "crc32c") return new Crc32c();
  if (algorithm === "crc64nvme") return new Crc64Nvme();
  return createHash(algorithm);
}

/** Whether a text names an algorithm, in any case: headers say `CRC32`, header names `crc32`. */
export function checksumAlgorithm(name: string): ChecksumAlgorithm | null {
  return CHECKSUM_ALGORITHMS.find((algorithm) => algorithm === name.toLowerCase()) ?? null;
}

/** CRC-32 of ISO 3309, through zlib. */
class Crc32 implements Hasher {
  #crc = 0;

  update(bytes: Uint8Array): void {
    this.#crc = crc32(bytes, this.#crc);
  }

  digest(): Buffer {
    const out = Buffer.alloc(4);
    out.writeUInt32BE(this.#crc >>> 0);
    return out;
  }
}
