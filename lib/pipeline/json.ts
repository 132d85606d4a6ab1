import type * as z from "zod";

import type { ObjectStore } from "../storage/object-store.ts";

export const JSON_TYPE = "application/json";
export const PNG_TYPE = "image/png";
export const SVG_TYPE = "image/svg+xml";
export const BINARY_TYPE = "application/octet-stream";
export const TEXT_TYPE = "text/plain; charset=utf-8";
export const XML_TYPE = "application/xml";

/** UTF-8, indented: objects in the bucket are read by people too. */
export function encodeJson(value: unknown): Uint8Array {
  return Buffer.from(`${JSON.stringify(value, null, 2)}\n`);
}

/** An object of ours that someone else changed, or that was cut short with the machine's power. */
export class DamagedObjectError extends Error {
  override readonly name = "DamagedObjectError";
}

/**
 * A JSON object that we wrote earlier; `null` if there is none.
 *
 * @throws DamagedObjectError naming the key and every field that is not as it should be
 */
export async function findJson<T>(
  store: ObjectStore,
  key: string,
  schema: z.ZodType<T>,
): Promise<T | null> {
  const bytes = await store.find(key);
  if (bytes === null) return null;
  try {
    return parseJson(Buffer.from(bytes).toString("utf8"), schema);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new DamagedObjectError(`'${key}' is not as it was written: ${reason}`, { cause: error });
  }
}

/** JSON of a schema. @throws Error saying why it is none, or naming every field that is wrong */
export function parseJson<T>(text: string, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(JSON.parse(text));
  if (parsed.success) return parsed.data;
  throw new Error(
    parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; "),
  );
}

/** For `catch`: an object without which there is a way on. */
export function nothingIfDamaged(error: unknown): null {
  if (error instanceof DamagedObjectError) return null;
  throw error;
}

/** Keys sorted at every depth, so that the order of fields makes no difference. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
