import { beforeEach, describe, expect, test } from "vitest";

import { type MemoryPipeline, memoryPipeline, NOW } from "../../support/memory-pipeline.ts";
import { type ApiCall, apiClient } from "./api-client.ts";

let pipeline: MemoryPipeline;
let call: ApiCall;

beforeEach(async () => {
  pipeline = await memoryPipeline();
  call = apiClient(pipeline);
});

const put = (key: string, text: string) =>
  pipeline.store.put(key, Buffer.from(text), "application/json");

const upload = (network: string, file: string) =>
  call("POST", "/uploads", { body: { kind: "model", network, file, sizeBytes: 10 } });

describe("GET /networks", () => {
  test("lists those that can be used, and says what is wrong with others", async () => {
    await put("models/broken/network.json", "{");
    await put("models/uploading/net.onnx", "...");
    const { status, body } = await call("GET", "/networks");
    expect(status).toBe(200);
    expect(body).toEqual({
      networks: [
        {
          id: "tiny",
          licence: "CC0",
          input: { width: 20, height: 16, channelOrder: "RGB", assumed: null },
          hasClassNames: true,
          removable: true,
          links: { layers: "/networks/tiny/layers", classes: "/networks/tiny/classes" },
        },
      ],
      problems: ["models/broken/network.json is not JSON; publish the network again"],
    });
  });
});

test("GET /networks/{networkId}/classes lists the names that requests may use", async () => {
  const { status, body } = await call("GET", "/networks/tiny/classes");
  expect(status).toBe(200);
  expect(body).toEqual({
    network: "tiny",
    classes: ["snail", "tiger", "zebra, Equus", "castle", "fountain"].map((name, index) => ({
      channel: index + 1,
      name,
    })),
  });
  expect((await call("GET", "/networks/none/classes")).status).toBe(404);
});

describe("GET /networks/{networkId}/layers", () => {
  test("says which file of a network is missing", async () => {
    await pipeline.store.delete("models/tiny/tiny.onnx");
    const { status, body } = await call("GET", "/networks/tiny/layers");
    expect(status).toBe(409);
    expect(body).toMatchObject({
      problems: [expect.stringContaining("there is no object 'models/tiny/tiny.onnx'")],
    });
  });

  test("shows the layer table", async () => {
    const { status, body } = await call("GET", "/networks/tiny/layers");
    expect(status).toBe(200);
    const { layers } = body as {
      layers: { name: string; renderable: boolean; suggestion: { fields: object } | null }[];
    };
    expect(layers.map(({ name }) => name)).toEqual([
      layers[0]?.name,
      "wide",
      "wide_relu",
      "pool",
      "classes",
      "prob",
    ]);
    expect(layers.map(({ renderable }) => renderable)).toEqual([
      false,
      true,
      true,
      true,
      true,
      true,
    ]);
    expect(layers[1]).toEqual({
      index: 2,
      name: "wide",
      quantised: false,
      type: "Conv",
      activations: [1, 7, 16, 20],
      channelAxis: 1,
      channels: 7,
      learnables: [{ name: "kernel", shape: [7, 3, 1, 1] }],
      learnableCount: 21,
      // of each of 16 x 20 places 7 x 3 products
      multiplyAdds: 6_720,
      receptiveField: { rows: 1, columns: 1 },
      aliases: expect.any(Array),
      inputs: [1],
      module: "",
      renderable: true,
      problem: null,
      suggestion: {
        fields: { method: "deepdream" },
        reason: "sees edges and colours",
        isOwn: false,
      },
    });
    expect(layers.map(({ suggestion }) => suggestion?.fields)).toEqual([
      undefined,
      { method: "deepdream" },
      { method: "deepdream" },
      { method: "fourier", preset: "natural" },
      { method: "fourier", preset: "natural" },
      { method: "fourier", preset: "natural" },
    ]);
  });

  test("has each layer's node, as the file has it", async () => {
    const { status, body } = await call("GET", "/networks/tiny/layers/5");
    expect(status).toBe(200);
    expect(body).toMatchObject({
      index: 5,
      name: "classes",
      node: {
        name: "classes",
        operator: "Gemm",
        attributes: [{ name: "transB", kind: "int", value: 1, left: 0 }],
        inputs: [
          { name: "flat", shape: [1, 7], layer: 4 },
          { name: "matrix", constant: { type: "float32", count: 35 } },
          { name: "bias", constant: { values: [0, 0, 0, 0, 0] } },
        ],
      },
      multiplyAdds: 35,
    });
    expect((await call("GET", "/networks/tiny/layers/1")).body).toMatchObject({ node: null });
    const beyond = await call("GET", "/networks/tiny/layers/7");
    expect(beyond.status).toBe(404);
    expect(beyond.body).toMatchObject({ problems: ["network 'tiny' has no layer 7: it has 6"] });
    expect((await call("GET", "/networks/none/layers/1")).status).toBe(404);
    expect((await call("GET", "/networks/tiny/layers/wide")).status).toBe(400);
  });

  test("says which recipe of a network cannot be drawn, and so does an atlas", async () => {
    const recipes = { whole: { method: "fourier", numIterations: 0 } };
    call = apiClient(await memoryPipeline({ recipes }));
    const wanted =
      /^network: .*'tiny' .*: recipes\.whole: numIterations: given 0; wanted at least 1$/;
    const atlas = await call("POST", "/atlases", { body: { network: "tiny" } });
    expect(atlas.status).toBe(400);
    expect(atlas.body).toMatchObject({ problems: [expect.stringMatching(wanted)] });
    const { status, body } = await call("GET", "/networks/tiny/layers");
    expect(status).toBe(409);
    expect(body).toMatchObject({ problems: [expect.stringContaining("recipes.whole: numI")] });
  });

  test("tells a network that is not there from one that cannot be used", async () => {
    expect((await call("GET", "/networks/none/layers")).status).toBe(404);
    await put("models/broken/network.json", "{}");
    const broken = await call("GET", "/networks/broken/layers");
    expect(broken.status).toBe(409);
    await pipeline.store.put("models/tiny/tiny.onnx", Buffer.from("altered"), "");
    const altered = await call("GET", "/networks/tiny/layers");
    expect(altered.status).toBe(409);
    expect(JSON.stringify(altered.body)).toContain("SHA-256");
  });
});

describe("POST /uploads", () => {
  test("gives a link for an image of one type and size", async () => {
    const body = { kind: "image", contentType: "image/jpeg", sizeBytes: 1234 };
    const answer = await call("POST", "/uploads", { body });
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      key: "uploads/upload-1.jpg",
      method: "PUT",
      url: "https://bucket.invalid/uploads/upload-1.jpg?seconds=3600",
      headers: { "Content-Type": "image/jpeg", "Content-Length": "1234" },
      expiresAt: new Date(NOW.getTime() + 3_600_000).toISOString(),
    });
  });

  test.each([
    { file: "mynet.onnx", type: "application/octet-stream" },
    { file: "labels.txt", type: "text/plain; charset=utf-8" },
    { file: "network.json", type: "application/json" },
  ])("gives a link for $file of a new network", async ({ file, type }) => {
    const body = { kind: "model", network: "mynet", file, sizeBytes: 1_000_000 };
    const answer = await call("POST", "/uploads", { body });
    expect(answer.body).toMatchObject({
      key: `models/mynet/${file}`,
      headers: { "Content-Type": type },
    });
  });

  test.each([
    { kind: "image", contentType: "image/svg+xml", sizeBytes: 10 },
    { kind: "image", contentType: "image/png", sizeBytes: 50_000_001 },
    { kind: "image", contentType: "image/png", sizeBytes: 0 },
    { kind: "image", contentType: "image/png", sizeBytes: 1, key: "jobs/x/plan.json" },
    { kind: "model", network: "../jobs", file: "plan.json", sizeBytes: 1 },
    { kind: "model", network: "mynet", file: "../tiny/tiny.onnx", sizeBytes: 1 },
    { kind: "model", network: "mynet", file: ".onnx", sizeBytes: 1 },
    { kind: "model", network: "mynet", file: "a.onnx\n", sizeBytes: 1 },
    { kind: "model", network: "mynet", file: "run.sh", sizeBytes: 1 },
    { kind: "model", network: "mynet", file: "mynet.onnx", sizeBytes: 500_000_001 },
    { kind: "model", network: "mynet", file: "labels.txt", sizeBytes: 1_000_001 },
    { kind: "script", sizeBytes: 1 },
  ])("refuses $kind $file $contentType $sizeBytes", async (body) => {
    const answer = await call("POST", "/uploads", { body });
    expect(answer.status).toBe(400);
  });

  test("says which names files may have", async () => {
    const answer = await upload("mynet", "my net.onnx");
    expect(answer.body).toMatchObject({
      problems: [expect.stringMatching(/^file: .*; wanted a plain file name, of letters, digits/)],
    });
  });

  test("never offers to overwrite", async () => {
    expect((await upload("tiny", "other.onnx")).status).toBe(409);
    await put("models/mynet/mynet.onnx", "...");
    expect((await upload("mynet", "mynet.onnx")).status).toBe(409);
    expect((await upload("mynet", "better.onnx")).status).toBe(201);
  });
});
