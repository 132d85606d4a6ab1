import type { NewObject } from "../storage/object-store.ts";
import { stage } from "../storage/staged-file.ts";
import { checkWrite } from "./conditions.ts";
import type { S3Context, S3Request } from "./s3-request.ts";

/** What the bytes of an object and its description tell of it. */
export type Content = Omit<NewObject, "key" | "lastModifiedMs" | "fileTimeMs">;

/**
 * Stages the bytes that `fill` writes, and makes them the object of the request if its condition
 * holds then.
 *
 * There is no `await` between the check and the change, so of any number of
 * racing conditional writers exactly one gets through.
 *
 * @param event Name of the event, such as `ObjectCreated:Put`.
 * @throws AwsError of the condition, or NoSuchBucket if there is no bucket, or none any more;
 *   nothing is left behind then.
 */
export async function writeObject(
  { buckets, clock, notifier, stagingFolder }: S3Context,
  { id: requestId, bucket: bucketName, key, headers }: S3Request,
  event: string,
  fill: (write: (piece: Uint8Array) => Promise<void>) => Promise<Content>,
): Promise<NewObject> {
  return buckets.get(bucketName).writes.during(key, async (write) => {
    const { file, result, fileTimeMs } = await stage(stagingFolder, fill);
    const object = { key, ...result, fileTimeMs, lastModifiedMs: clock.now() };
    try {
      const bucket = buckets.get(bucketName);
      checkWrite(headers, bucket.objects.get(key), write);
      bucket.objects.put(object, file, event, () =>
        notifier.notify(bucket, { name: event, key, content: object, requestId }),
      );
      return object;
    } catch (error) {
      await file.discard();
      throw error;
    }
  });
}
