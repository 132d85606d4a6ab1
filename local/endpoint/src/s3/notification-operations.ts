import { AwsError } from "../aws-error.ts";
import { parseNotificationRules, renderNotificationRules } from "./notification-rule.ts";
import { receiveText } from "./receive-body.ts";
import { emptyResponse, type S3Operation, xmlResponse } from "./s3-request.ts";

export const getNotificationConfiguration: S3Operation = ({ buckets }, { bucket }) =>
  xmlResponse("NotificationConfiguration", renderNotificationRules(buckets.get(bucket).rules));

/** Replaces all rules of a bucket and sends `s3:TestEvent` to every queue they name. */
export const putNotificationConfiguration: S3Operation = async (
  { buckets, notifier },
  { id, bucket, headers, body },
) => {
  const { text } = await receiveText(body);
  buckets.get(bucket);
  const rules = parseNotificationRules(text);
  const isValidating = headers["x-amz-skip-destination-validation"]?.toLowerCase() !== "true";
  const missing = rules.find(({ queueArn }) => !notifier.hasQueue(queueArn));
  if (isValidating && missing !== undefined) {
    throw new AwsError(
      "InvalidArgument",
      "Unable to validate the following destination configurations",
      {
        ArgumentName1: missing.queueArn,
        ArgumentValue1: "The destination queue does not exist",
      },
    );
  }
  notifier.configured(buckets.setRules(bucket, rules), id);
  return emptyResponse(200);
};
