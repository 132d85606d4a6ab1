import { AwsError } from "../aws-error.ts";
import { CHECKSUM_ALGORITHMS, checksumAlgorithm, type ChecksumAlgorithm } from "./checksum.ts";

/** A checksum of stored bytes, base64 as S3 writes it. Composite values end in `-<parts>`. */
export interface Checksum {
  readonly algorithm: ChecksumAlgorithm;
  readonly value: string;
}

/** What a client promised about the body: the value comes now, or in a trailer (`null`). */
export interface ExpectedChecksum {
  readonly algorithm: ChecksumAlgorithm;
  readonly value: string | null;
}

const PREFIX = "x-amz-checksum-";

const DIGEST_BYTES: Readonly<Record<ChecksumAlgorithm | "md5", number>> = {
  crc32: 4,
  crc32c: 4,
  crc64nvme: 8,
  md5: 16,
  sha1: 20,
  sha256: 32,
};

/**
 * Reads `x-amz-checksum-*` and `x-amz-trailer`; `null` if the client sends no checksum.
 *
 * @throws AwsError InvalidRequest for more than one, an unknown one, or a value of the wrong length.
 */
export function readExpectedChecksum(
  headers: Readonly<Record<string, string>>,
): ExpectedChecksum | null {
  const found = Object.entries(headers).flatMap(([name, value]) => {
    const algorithm = name.startsWith(PREFIX) ? checksumAlgorithm(name.slice(PREFIX.length)) : null;
    return algorithm === null ? [] : [{ algorithm, value }];
  });
  const trailer = headers["x-amz-trailer"]?.trim().toLowerCase();
  if (trailer !== undefined) {
    const algorithm = trailer.startsWith(PREFIX)
      ? checksumAlgorithm(trailer.slice(PREFIX.length))
      : null;
    if (algorithm === null) {
      throw new AwsError(
        400,
        "InvalidRequest",
        "The value specified in the x-amz-trailer header is not supported",
      );
    }
    if (found.length > 0) throw severalChecksums();
    return { algorithm, value: null };
  }
  const [first, ...others] = found;
  if (others.length > 0) throw severalChecksums();
  if (first !== undefined) checkDigest(first.value, first.algorithm);
  return first ?? null;
}

/** Throws if a base64 text cannot be a digest of that algorithm. */
export function checkDigest(value: string, algorithm: ChecksumAlgorithm | "md5"): void {
  const bytes = Buffer.from(value, "base64");
  if (bytes.length === DIGEST_BYTES[algorithm] && bytes.toString("base64") === value) return;
  if (algorithm === "md5") {
    throw new AwsError(400, "InvalidDigest", "The Content-MD5 you specified was invalid.");
  }
  throw new AwsError(400, "InvalidRequest", `Value for ${PREFIX}${algorithm} header is invalid.`);
}

export function badDigest(algorithm: ChecksumAlgorithm | "md5"): AwsError {
  const name = algorithm === "md5" ? "Content-MD5" : algorithm.toUpperCase();
  return new AwsError(
    400,
    "BadDigest",
    `The ${name} you specified did not match the calculated checksum.`,
  );
}

export function checksumHeader({ algorithm, value }: Checksum): Record<string, string> {
  return { [PREFIX + algorithm]: value };
}

/** Names of the checksum elements in S3's XML documents. */
export const CHECKSUM_ELEMENTS: Readonly<Record<ChecksumAlgorithm, string>> = {
  crc32: "ChecksumCRC32",
  crc32c: "ChecksumCRC32C",
  crc64nvme: "ChecksumCRC64NVME",
  sha1: "ChecksumSHA1",
  sha256: "ChecksumSHA256",
};

function severalChecksums(): AwsError {
  return new AwsError(
    400,
    "InvalidRequest",
    `Expecting a single ${PREFIX} header. Known algorithms: ${CHECKSUM_ALGORITHMS.join(", ")}`,
  );
}
