import * as z from "zod";

import { checksumSchema } from "../checksums/checksum.ts";

/** Everything known of an object besides its bytes. */
export const objectRecordSchema = z.object({
  key: z.string(),
  size: z.int().nonnegative(),
  /** Without its quotes: MD5, or MD5 of the parts' MD5s and `-<parts>`. */
  etag: z.string(),
  /** Of all bytes, hexadecimal: tells a copied file from a changed one. */
  md5: z.string(),
  lastModifiedMs: z.number(),
  /** `content-type` and the like, sent back as they came. */
  headers: z.record(z.string(), z.string()),
  /** User metadata, names without `x-amz-meta-`. */
  metadata: z.record(z.string(), z.string()),
  checksum: checksumSchema.nullable(),
  place: z.enum(["plain", "hidden"]),
  /** Modification time of the file, which a rename keeps and an editor does not. */
  fileTimeMs: z.number(),
});
export type ObjectRecord = Readonly<z.infer<typeof objectRecordSchema>>;

/** A line of a bucket's journal. The staged file is renamed after the line is written. */
export const objectLineSchema = z.union([
  z.object({
    put: objectRecordSchema,
    staged: z.string().nullable(),
    event: z.string().nullable(),
  }),
  z.object({ remove: z.string(), place: z.enum(["plain", "hidden"]) }),
]);
export type ObjectLine = z.infer<typeof objectLineSchema>;
