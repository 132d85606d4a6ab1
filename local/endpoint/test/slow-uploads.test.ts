import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Server } from "node:http";

import { PutObjectCommand } from "@aws-sdk/client-s3";
import { expect, test } from "vitest";

import { openTarget } from "./support/target.ts";

const CHANNEL = "http.server.request.start";

test("an upload may take its time, and is given up only once nothing comes", async () => {
  const servers: Server[] = [];
  const listener = (message: unknown) => servers.push((message as { server: Server }).server);
  subscribe(CHANNEL, listener);
  const { s3, newBucket, close } = await openTarget();
  try {
    await s3.send(new PutObjectCommand({ Bucket: await newBucket(), Key: "a", Body: "b" }));
    // Node has no other way to tell, short of five minutes' waiting
    const timeouts = { requestTimeout: 0, headersTimeout: 60_000, timeout: 300_000 };
    expect(servers[0]).toMatchObject(timeouts);
  } finally {
    unsubscribe(CHANNEL, listener);
    await close();
  }
});
