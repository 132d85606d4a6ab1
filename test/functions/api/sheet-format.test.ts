import { expect, test } from "vitest";

import { assembleJob } from "../../../lib/pipeline/sheet/assemble-job.ts";
import { memoryPipeline, TINY_REQUEST } from "../../support/memory-pipeline.ts";
import { apiClient } from "./api-client.ts";
import { renderMost } from "./render-most.ts";

test("a request says the format of its sheet; the one that it has anyway makes no other job", async () => {
  const pipeline = await memoryPipeline();
  const call = apiClient(pipeline);
  const idOf = async (montage: unknown) => {
    const { body } = await call("POST", "/jobs", { body: { ...TINY_REQUEST, montage } });
    return (body as { jobId: string }).jobId;
  };
  const first = await idOf({});
  expect(await idOf({ format: "png" })).toBe(first);
  const other = await idOf({ format: "webp" });
  expect(other).not.toBe(first);
  await renderMost(pipeline);
  await assembleJob(pipeline.jobs.open(other), pipeline.deps);
  expect((await call("GET", `/jobs/${other}`)).body).toMatchObject({
    request: { montage: { format: "webp" } },
    sheet: { montage: expect.stringContaining(`/jobs/${other}/montage.webp`) },
  });
  const { status, body } = await call("POST", "/jobs", {
    body: { ...TINY_REQUEST, montage: { format: "tiff" } },
  });
  expect(status).toBe(400);
  expect(JSON.stringify(body)).toMatch(/montage\.format: given .*tiff.*png/);
});
