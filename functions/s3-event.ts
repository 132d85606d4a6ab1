import * as z from "zod";

const eventSchema = z.object({
  Records: z.array(
    z.object({
      eventName: z.string(),
      s3: z.object({ object: z.object({ key: z.string() }) }),
    }),
  ),
});

/** S3 sends one to a queue when a notification rule is set up. */
const testEventSchema = z.object({ Event: z.literal("s3:TestEvent") });

/**
 * The keys of objects that were created, of an S3 notification as it arrives in a queue. Delivery is
 * at least once and in no order.
 *
 * @param body parsed as JSON
 * @throws Error if it is something else
 */
export function createdKeys(body: unknown): readonly string[] {
  if (testEventSchema.safeParse(body).success) return [];
  const event = eventSchema.safeParse(body);
  if (!event.success) throw new Error("the message is no S3 notification");
  return event.data.Records.filter(({ eventName }) => eventName.startsWith("ObjectCreated:")).map(
    ({ s3 }) => decodeKey(s3.object.key),
  );
}

/** Keys in notifications are encoded as in HTML forms: `a b` is `a+b`, `+` is `%2B`. */
function decodeKey(key: string): string {
  return decodeURIComponent(key.replaceAll("+", " "));
}
