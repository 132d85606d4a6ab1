import { AwsError, invalidRequest } from "../aws-error.ts";
import type { Texts } from "../http/message.ts";
import {
  type Checksum,
  checksumAlgorithm,
  type ChecksumAlgorithm,
  checksumAlgorithmSchema,
  createHasher,
} from "./checksum.ts";

/** What a client promised about the body: the value comes now, or in a trailer (`null`). */
type ExpectedChecksum = Pick<Checksum, "algorithm"> & { readonly value: string | null };

const PREFIX = "x-amz-checksum-";

/**
 * Reads `x-amz-checksum-*` and `x-amz-trailer`; `null` if the client sends no checksum.
 *
 * @throws AwsError InvalidRequest for more than one, an unknown one, or a value of the wrong
 *   length.
 */
export function readExpectedChecksum(headers: Texts): ExpectedChecksum | null {
  const [first, ...others] = Object.entries(headers).flatMap(([name, value]) => {
    const algorithm = algorithmOfHeader(name);
    return algorithm === null ? [] : [{ algorithm, value }];
  });
  const trailer = headers["x-amz-trailer"];
  if (trailer === undefined) {
    if (others.length > 0) throw severalChecksums();
    if (first !== undefined) checkDigest(first.value, first.algorithm);
    return first ?? null;
  }
  const algorithm = algorithmOfHeader(trailer.trim().toLowerCase());
  if (algorithm === null) {
    throw invalidRequest("The value specified in the x-amz-trailer header is not supported");
  }
  if (first !== undefined) throw severalChecksums();
  return { algorithm, value: null };
}

function algorithmOfHeader(name: string): ChecksumAlgorithm | null {
  return name.startsWith(PREFIX) ? checksumAlgorithm(name.slice(PREFIX.length)) : null;
}

/** Throws if a base64 text cannot be a digest of that algorithm. */
export function checkDigest(value: string, algorithm: ChecksumAlgorithm | "md5"): void {
  const bytes = Buffer.from(value, "base64");
  const { length } = createHasher(algorithm).digest();
  if (bytes.length === length && bytes.toString("base64") === value) return;
  if (algorithm === "md5") {
    throw new AwsError("InvalidDigest", "The Content-MD5 you specified was invalid.");
  }
  throw invalidRequest(`Value for ${PREFIX}${algorithm} header is invalid.`);
}

export function badDigest(algorithm: ChecksumAlgorithm | "md5"): AwsError {
  const name = algorithm === "md5" ? "Content-MD5" : algorithm.toUpperCase();
  return new AwsError(
    "BadDigest",
    `The ${name} you specified did not match the calculated checksum.`,
  );
}

export function checksumHeader(checksum: Checksum | null): Record<string, string> {
  return checksum === null ? {} : { [PREFIX + checksum.algorithm]: checksum.value };
}

/** Name of the checksum's element in S3's XML documents. */
export function checksumElement(algorithm: ChecksumAlgorithm): string {
  return `Checksum${algorithm.toUpperCase()}`;
}

function severalChecksums(): AwsError {
  const known = checksumAlgorithmSchema.options.join(", ");
  return invalidRequest(`Expecting a single ${PREFIX} header. Known algorithms: ${known}`);
}
