import { beforeEach, describe, expect, test } from "vitest";

import {
  type MemoryPipeline,
  memoryPipeline,
  TINY_REQUEST,
} from "../../support/memory-pipeline.ts";
import { type ApiCall, apiClient } from "./api-client.ts";

let pipeline: MemoryPipeline;
let call: ApiCall;

beforeEach(async () => {
  pipeline = await memoryPipeline();
  call = apiClient(pipeline);
});

const ids = (body: unknown) =>
  (body as { jobs: { jobId: string }[] }).jobs.map(({ jobId }) => jobId);

describe("GET /jobs", () => {
  test("can be asked for the jobs of a network and a layer", async () => {
    const wide = await pipeline.accept();
    const pool = await pipeline.accept({ layer: "pool" });
    const other = await pipeline.accept({ layer: "pool", seed: 5 });
    const listed = async (query: string) => ids((await call("GET", `/jobs?${query}`)).body);
    expect(await listed("network=tiny&layer=2")).toEqual([wide.jobId]);
    const pools = [pool.jobId, other.jobId].toSorted();
    expect(await listed("network=tiny&layer=4")).toEqual(pools);
    expect(await listed("network=other")).toEqual([]);
    const first = await call("GET", "/jobs?layer=4&limit=1");
    const { next } = (first.body as { links: { next: string } }).links;
    expect(new URLSearchParams(next.split("?")[1]).get("layer")).toBe("4");
    expect([...ids(first.body), ...ids((await call("GET", next)).body)]).toEqual(pools);
  });

  test("are of the network that has its name now, not of one that had it and was removed", async () => {
    const key = "models/tiny/network.json";
    const own = Buffer.from(await pipeline.store.get(key)).toString("utf8");
    const { jobId } = await pipeline.accept();
    const listed = async () => ids((await call("GET", "/jobs?network=tiny")).body);
    const publish = (description: string) =>
      pipeline.store.put(key, Buffer.from(description), "application/json");
    const other = JSON.parse(own) as { files: { sha256: string }[] };
    other.files[0]!.sha256 = "0".repeat(64);
    await publish(JSON.stringify(other));
    expect(await listed()).toEqual([]);
    // nothing to tell them apart by
    for (const broken of ["{", '{"id": "tiny"}']) {
      await publish(broken);
      expect(await listed()).toEqual([jobId]);
    }
    await pipeline.store.delete(key);
    expect(await listed()).toEqual([jobId]);
    await publish(own);
    expect(await listed()).toEqual([jobId]);
  });

  test("reads the plans of many jobs at a time as it looks for some", async () => {
    const { jobId } = await pipeline.accept();
    const plan = await pipeline.store.get(`jobs/${jobId}/plan.json`);
    for (let i = 0; i < 120; i++) {
      await pipeline.store.put(`jobs/j${i}/plan.json`, plan, "application/json");
    }
    const find = pipeline.store.find.bind(pipeline.store);
    let [reading, most, reads] = [0, 0, 0];
    pipeline.store.find = async (key) => {
      reads++;
      most = Math.max(most, ++reading);
      const bytes = await find(key);
      reading--;
      return bytes;
    };
    const { body } = await call("GET", "/jobs?network=other");
    expect(ids(body)).toEqual([]);
    expect(reads).toBeGreaterThanOrEqual(120);
    expect(most).toBeGreaterThan(20);
  });

  test("pages through the jobs by id", async () => {
    for (const key of ["b", "a-1", "c", "a"]) {
      await call("POST", "/jobs", { body: TINY_REQUEST, headers: { "Idempotency-Key": key } });
    }
    // left by an intake that was cut off before there was a plan: not a job
    await pipeline.store.put("jobs/aa/request.json", Buffer.from("{}"), "application/json");
    const first = await call("GET", "/jobs?limit=3");
    // "-" sorts before "/", so does the folder "a-1/" before "a/"
    expect(ids(first.body)).toEqual(["a-1", "a"]);
    expect(first.body).toMatchObject({ links: { next: "/jobs?after=aa&limit=3" } });
    const second = await call("GET", "/jobs?after=aa&limit=3");
    expect(ids(second.body)).toEqual(["b", "c"]);
    expect(second.body).toMatchObject({ links: { next: null } });
  });

  test("goes on behind an id that is all digits", async () => {
    for (const key of ["100", "20261124"]) {
      await call("POST", "/jobs", { body: TINY_REQUEST, headers: { "Idempotency-Key": key } });
    }
    const first = await call("GET", "/jobs?limit=1");
    expect(first.body).toMatchObject({ links: { next: "/jobs?after=100&limit=1" } });
    const second = await call("GET", "/jobs?after=100&limit=1");
    expect(second.status).toBe(200);
    expect(ids(second.body)).toEqual(["20261124"]);
    expect((await call("GET", "/jobs?limit=many")).status).toBe(400);
  });

  test("shows the others beside a damaged job, and says what is damaged", async () => {
    const [good, damaged] = [
      await pipeline.accept({ seed: 1 }),
      await pipeline.accept({ seed: 2 }),
    ];
    const key = `jobs/${damaged.jobId}/complete.json`;
    await pipeline.store.put(key, Buffer.from('{"version": 1, "jo'), "application/json");
    const { status, body } = await call("GET", "/jobs");
    expect(status).toBe(200);
    expect(ids(body)).toEqual([good.jobId]);
    const sentence = expect.stringContaining(`'${key}' is not as it was written: `);
    expect(body).toMatchObject({ problems: [sentence] });
  });

  test("passes over folders that cannot be a job's", async () => {
    const { jobId } = await pipeline.accept();
    for (const name of ["my photo", ".hidden", "x".repeat(65)]) {
      await pipeline.store.put(`jobs/${name}/a.png`, Buffer.from("x"), "image/png");
    }
    const { status, body } = await call("GET", "/jobs");
    expect(status).toBe(200);
    expect(ids(body)).toEqual([jobId]);
  });
});
