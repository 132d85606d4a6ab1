import * as z from "zod";

import { ACCOUNT_ID, REGION } from "../account.ts";
import { AwsError } from "../aws-error.ts";
import { element, parseXml } from "../xml.ts";
import { receiveText } from "./receive-body.ts";
import { emptyResponse, type S3Operation, xmlResponse } from "./s3-request.ts";

export const listBuckets: S3Operation = ({ buckets }, { query }) => {
  const prefix = query.get("prefix") ?? "";
  return xmlResponse("ListAllMyBucketsResult", {
    Owner: { ID: ACCOUNT_ID },
    Buckets: {
      Bucket: buckets.all
        .filter(({ name }) => name.startsWith(prefix))
        .map(({ name, createdAtMs }) => ({
          Name: name,
          CreationDate: new Date(createdAtMs).toISOString(),
        })),
    },
  });
};

const configurationSchema = element({ LocationConstraint: z.string().optional() });

/** As in us-east-1, creating a bucket one has already succeeds. */
export const createBucket: S3Operation = async ({ buckets, clock }, { bucket, body }) => {
  const { text } = await receiveText(body);
  const { LocationConstraint: constraint } =
    text === "" ? {} : parseXml(text, "CreateBucketConfiguration", configurationSchema);
  if (constraint !== undefined && constraint !== REGION) {
    throw new AwsError(
      "IllegalLocationConstraintException",
      `The ${constraint} location constraint is incompatible for the region specific endpoint this request was sent to.`,
    );
  }
  buckets.getOrCreate(bucket, clock.now());
  return emptyResponse(200, { location: `/${bucket}` });
};

export const headBucket: S3Operation = ({ buckets }, { bucket }) => {
  buckets.get(bucket);
  return emptyResponse(200, { "x-amz-bucket-region": REGION });
};

export const deleteBucket: S3Operation = ({ buckets, uploads }, { bucket }) => {
  buckets.delete(bucket);
  uploads.abortAllOf(bucket);
  return emptyResponse(204);
};

/** Empty for us-east-1, where S3 began. */
export const getBucketLocation: S3Operation = ({ buckets }, { bucket }) => {
  buckets.get(bucket);
  return xmlResponse("LocationConstraint", "");
};
