import { expect, test } from "vitest";

import { createdKeys } from "../../functions/s3-event.ts";
import { S3_TEST_BODY } from "../support/sqs-event.ts";

/** As AWS documents it (Amazon S3 User Guide, "Event message structure"), shortened. */
const documented = (eventName: string, key: string) => ({
  Records: [
    {
      eventVersion: "2.1",
      eventSource: "aws:s3",
      awsRegion: "us-west-2",
      eventTime: "1970-01-01T00:00:00.000Z",
      eventName,
      s3: {
        s3SchemaVersion: "1.0",
        configurationId: "testConfigRule",
        bucket: { name: "amzn-s3-demo-bucket", arn: "arn:aws:s3:::amzn-s3-demo-bucket" },
        object: { key, size: 1024, eTag: "d41d8cd98f00b204e9800998ecf8427e" },
      },
    },
  ],
});

test.each([
  ["requests/a.json", "requests/a.json"],
  ["requests/a+b+c.json", "requests/a b c.json"],
  ["requests/a%2Bb.json", "requests/a+b.json"],
  ["requests/Stra%C3%9Fe%20%28neu%29.json", "requests/Straße (neu).json"],
])("the key %s is the object %s", (encoded, key) => {
  expect(createdKeys(documented("ObjectCreated:Put", encoded))).toEqual([key]);
});

test("every way to create an object counts, a removal does not, and the test event is empty", () => {
  const created = ["Put", "Post", "Copy", "CompleteMultipartUpload"];
  for (const way of created) {
    expect(createdKeys(documented(`ObjectCreated:${way}`, "a"))).toHaveLength(1);
  }
  expect(createdKeys(documented("ObjectRemoved:Delete", "a"))).toEqual([]);
  expect(createdKeys(JSON.parse(S3_TEST_BODY))).toEqual([]);
});

test.each([{}, null, 7, { Records: [{}] }, { Event: "other" }])(
  "%j is no S3 notification",
  (body) => {
    expect(() => createdKeys(body)).toThrow("no S3 notification");
  },
);
