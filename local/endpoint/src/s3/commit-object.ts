import type { NewObject } from "../storage/object-store.ts";
import type { StagedFile } from "../storage/staged-file.ts";
import type { OngoingWrite } from "./bucket.ts";
import { checkWrite } from "./conditions.ts";
import type { S3Context, S3Request } from "./s3-request.ts";

export interface Commit {
  readonly object: Omit<NewObject, "lastModifiedMs">;
  readonly staged: StagedFile;
  readonly write: OngoingWrite;
  /** Name of the event, such as `ObjectCreated:Put`. */
  readonly event: string;
}

/**
 * Makes a received object visible, if the request's condition holds at this moment.
 *
 * There is no `await` between the check and the change, so of any number of
 * racing conditional writers exactly one gets through.
 *
 * @throws AwsError of the condition, or NoSuchBucket if the bucket is gone meanwhile;
 *   the staged file is removed then.
 * @returns when the object was modified, in milliseconds since 1970.
 */
export async function commitObject(
  { buckets, clock, notifier }: S3Context,
  request: S3Request,
  { object, staged, write, event }: Commit,
): Promise<number> {
  const lastModifiedMs = clock.now();
  try {
    const bucket = buckets.get(request.bucket);
    checkWrite(request.headers, bucket.objects.get(object.key), write);
    bucket.objects.put({ ...object, lastModifiedMs }, staged, event, () =>
      notifier.objectCreated(bucket, object, { event, requestId: request.id }),
    );
    return lastModifiedMs;
  } catch (error) {
    await staged.discard();
    throw error;
  }
}
