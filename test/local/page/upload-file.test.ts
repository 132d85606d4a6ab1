import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

import { expect, onTestFinished, test } from "vitest";

import { uploadFile } from "../../../local/page/upload-file.ts";
import type { ApiHandler } from "../../../local/api-adapter.ts";

/** An API whose uploads know these fields and no others, and what has been sent by its links. */
async function apiThatKnows(fields: readonly string[]) {
  const sent: string[] = [];
  const take = async (incoming: IncomingMessage, answer: ServerResponse) => {
    sent.push(String(await buffer(incoming)));
    answer.end();
  };
  const bucket = createServer((...request) => void take(...request)).listen(0, "127.0.0.1");
  onTestFinished(() => void bucket.close());
  await once(bucket, "listening");
  const url = `http://127.0.0.1:${(bucket.address() as AddressInfo).port}/`;
  const api: ApiHandler = async ({ body }) => {
    const given = JSON.parse(body ?? "") as Readonly<Record<string, unknown>>;
    const unknown = Object.keys(given).filter((name) => !fields.includes(name));
    const problems = unknown.map((name) => `${name}: unknown field`);
    return unknown.length > 0
      ? { statusCode: 400, body: JSON.stringify({ problems }) }
      : { statusCode: 201, body: JSON.stringify({ key: given["name"] ?? "-", url, headers: {} }) };
  };
  return { api, sent };
}

const image = { kind: "image", contentType: "image/png", name: "snail.png" } as const;

test("an image is called after its file, where the API knows names of images", async () => {
  const { api, sent } = await apiThatKnows(["kind", "contentType", "sizeBytes", "name"]);
  expect(await uploadFile(api, image, Buffer.from("bytes"))).toBe("snail.png");
  expect(sent).toEqual(["bytes"]);
});

test("to an older API it is sent without a name; what else is wrong with it is told", async () => {
  const { api, sent } = await apiThatKnows(["kind", "contentType", "sizeBytes"]);
  expect(await uploadFile(api, image, Buffer.from("bytes"))).toBe("-");
  expect(sent).toEqual(["bytes"]);
  const strict = await apiThatKnows(["kind", "sizeBytes"]);
  await expect(uploadFile(strict.api, image, Buffer.from("bytes"))).rejects.toMatchObject({
    problems: ["contentType: unknown field"],
  });
});
