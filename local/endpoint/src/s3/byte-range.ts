import { AwsError } from "../aws-error.ts";
import type { FileSlice } from "../http/message.ts";

export type ByteRange = Pick<FileSlice, "start" | "length">;

/**
 * Resolves a `Range` header against an object of `size` bytes.
 *
 * @returns `null` if the whole object is to be sent: no range, several (which S3 does not
 *   support), or one that is not understood.
 * @throws AwsError InvalidRange (416) if no byte of it exists.
 */
export function resolveRange(header: string | undefined, size: number): ByteRange | null {
  const parts = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? "");
  if (parts === null) return null;
  const [, first = "", last = ""] = parts;
  if (first === "" && last === "") return null;
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size - 1 : Math.min(Number(last), size - 1);
  if (first !== "" && last !== "" && Number(last) < Number(first)) return null;
  if (start >= size) {
    throw new AwsError(
      "InvalidRange",
      "The requested range is not satisfiable",
      { RangeRequested: header ?? "", ActualObjectSize: size },
      { "content-range": `bytes */${size}` },
    );
  }
  return { start, length: end - start + 1 };
}

export function contentRange({ start, length }: ByteRange, size: number): string {
  return `bytes ${start}-${start + length - 1}/${size}`;
}
