import { GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { expect, test } from "vitest";

import { openTarget } from "./support/target.ts";

test("an object that a browser is sent to as a page may run no script", async () => {
  const { s3, newBucket, close } = await openTarget();
  try {
    const object = { Bucket: await newBucket(), Key: "network.onnx" };
    await s3.send(new PutObjectCommand({ ...object, Body: "<script>fetch('/')</script>" }));
    const asPage = new GetObjectCommand({ ...object, ResponseContentType: "text/html" });
    const { headers } = await fetch(await getSignedUrl(s3, asPage));
    expect(headers.get("content-type")).toBe("text/html");
    expect(headers.get("content-security-policy")).toBe("sandbox");
  } finally {
    await close();
  }
});
