import * as z from "zod";

/** An object that S3 says was created. Delivery is at least once and in no order. */
export interface CreatedObject {
  readonly bucket: string;
  readonly key: string;
}

const eventSchema = z.object({
  Records: z.array(
    z.object({
      eventName: z.string(),
      s3: z.object({
        bucket: z.object({ name: z.string() }),
        object: z.object({ key: z.string() }),
      }),
    }),
  ),
});

/** S3 sends one to a queue when a notification rule is set up. */
const testEventSchema = z.object({ Event: z.literal("s3:TestEvent") });

/**
 * The objects created, of an S3 notification as it arrives in a queue.
 *
 * @param body parsed as JSON
 * @throws Error if it is something else
 */
export function parseS3Event(body: unknown): readonly CreatedObject[] {
  if (testEventSchema.safeParse(body).success) return [];
  const event = eventSchema.safeParse(body);
  if (!event.success) throw new Error("the message is no S3 notification");
  return event.data.Records.filter(({ eventName }) => eventName.startsWith("ObjectCreated:")).map(
    ({ s3 }) => ({ bucket: s3.bucket.name, key: decodeKey(s3.object.key) }),
  );
}

/** Keys in notifications are encoded as in HTML forms: `a b` is `a+b`, `+` is `%2B`. */
function decodeKey(key: string): string {
  return decodeURIComponent(key.replaceAll("+", " "));
}
