import { expect, test } from "vitest";

import { memoryPipeline } from "../../support/memory-pipeline.ts";
import { apiClient } from "./api-client.ts";

test.each([
  ["A snail (2).JPG", "A-snail-2"],
  ["../../jobs/x.png", "jobs-x"],
  ["a".repeat(256), "a".repeat(40)],
  // a cut leaves no dash at the end
  [`${"a".repeat(39)} snail.png`, "a".repeat(39)],
])("the key of an image called %s ends with what a label can have of it", async (name, stem) => {
  const image = { kind: "image", contentType: "image/png", sizeBytes: 9, name };
  const call = apiClient(await memoryPipeline(), {
    newId: () => "0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f",
  });
  expect((await call("POST", "/uploads", { body: image })).body).toMatchObject({
    key: `uploads/0a1b2c3d0a1b0a1b0a1b0a1b2c3d4e5f-${stem}.png`,
  });
});

test("the key of an image whose name no label can have is one without", async () => {
  const call = apiClient(await memoryPipeline());
  const image = { kind: "image", contentType: "image/png", sizeBytes: 9, name: "蝸牛.png" };
  expect((await call("POST", "/uploads", { body: image })).body).toMatchObject({
    key: "uploads/upload-1.png",
  });
});
