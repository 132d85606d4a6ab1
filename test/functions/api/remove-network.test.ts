import { rm } from "node:fs/promises";
import { join } from "node:path";

import { beforeEach, describe, expect, test } from "vitest";

import { publishNetwork } from "../../../lib/pipeline/networks/publish-network.ts";
import { assembleJob } from "../../../lib/pipeline/sheet/assemble-job.ts";
import { temporaryFolder } from "../../networks/temporary-folder.ts";
import { type MemoryPipeline, memoryPipeline } from "../../support/memory-pipeline.ts";
import { tinyNetwork } from "../../support/tiny-network.ts";
import { type ApiCall, apiClient } from "./api-client.ts";
import { renderMost } from "./render-most.ts";

let pipeline: MemoryPipeline;
let call: ApiCall;

beforeEach(async () => {
  pipeline = await memoryPipeline();
  call = apiClient(pipeline);
});

describe("DELETE /networks/{networkId}", () => {
  const remove = () => call("DELETE", "/networks/tiny");
  const keys = () => pipeline.store.keys("models/");
  const publishAgain = async () =>
    publishNetwork(pipeline.store, await tinyNetwork(await temporaryFolder()));

  test("removes it with its files, and no other whose name begins like it", async () => {
    await pipeline.store.put("models/tiny2/network.json", Buffer.from("{}"), "application/json");
    await call("GET", "/networks/tiny/layers");
    expect(await remove()).toMatchObject({ status: 200, body: { network: "tiny" } });
    expect(keys()).toEqual(["models/tiny2/network.json"]);
    expect((await call("GET", "/networks/tiny/layers")).status).toBe(404);
    const again = await remove();
    expect(again.status).toBe(404);
    expect(again.body).toMatchObject({ problems: ["there is no network 'tiny'"] });
    // its name is free for another
    const body = { kind: "model", network: "tiny", file: "tiny.onnx", sizeBytes: 9 };
    expect((await call("POST", "/uploads", { body })).status).toBe(201);
  });

  test("goes on, asked again, where it was broken off", async () => {
    const { store } = pipeline;
    const deleteObject = store.delete.bind(store);
    let deleted = 0;
    store.delete = async (key) => {
      if (++deleted > 1) throw new Error("the store does not answer");
      await deleteObject(key);
    };
    expect((await remove()).status).toBe(500);
    store.delete = deleteObject;
    expect(keys()).not.toEqual([]);
    expect((await call("GET", "/networks")).body).toMatchObject({ networks: [] });
    expect((await remove()).status).toBe(200);
    expect(keys()).toEqual([]);
    expect((await remove()).status).toBe(404);
  });

  test("waits for jobs that draw with it, whose results stay", async () => {
    const { jobId } = await pipeline.accept();
    const before = keys();
    const refused = await remove();
    expect(refused.status).toBe(409);
    expect(refused.body).toMatchObject({
      problems: [`network 'tiny' is drawn with by ${jobId}; wait for their end, or cancel them`],
    });
    expect(keys()).toEqual(before);
    await renderMost(pipeline);
    await assembleJob(pipeline.jobs.open(jobId), pipeline.deps);
    const told = (await call("GET", `/jobs/${jobId}`)).body;
    expect(told).toMatchObject({ channels: [{ state: "ok" }, { state: "failed" }, {}, {}, {}] });
    expect((await remove()).status).toBe(200);
    expect((await call("GET", `/jobs/${jobId}`)).body).toEqual(told);
    // in the next round it is not at its end
    await call("POST", `/jobs/${jobId}/retry`);
    await publishAgain();
    expect((await remove()).status).toBe(409);
  });

  test("leaves what a folder of the service would publish again", async () => {
    const folder = await temporaryFolder();
    pipeline = await memoryPipeline({ folder });
    call = apiClient(pipeline, { networkFolders: [folder] });
    const { body } = await call("GET", "/networks");
    expect(body).toMatchObject({ networks: [{ id: "tiny", removable: false }] });
    const before = keys();
    const refused = await remove();
    expect(refused.status).toBe(409);
    expect(JSON.stringify(refused.body)).toContain("in a folder of the service");
    expect(keys()).toEqual(before);
  });

  test("takes one that was dropped under a name of which a folder has the description alone", async () => {
    const folder = await temporaryFolder();
    await tinyNetwork(folder);
    await rm(join(folder, "tiny", "tiny.onnx"));
    call = apiClient(pipeline, { networkFolders: [folder] });
    const { body } = await call("GET", "/networks");
    expect(body).toMatchObject({ networks: [{ id: "tiny", removable: true }] });
    expect((await remove()).status).toBe(200);
    expect(keys()).toEqual([]);
  });
});
