import { expect, test } from "vitest";

import { memoryPipeline } from "../../support/memory-pipeline.ts";
import { type ApiAnswer, apiClient } from "./api-client.ts";

/** Of what a function answers, its body as a string in JSON included: 6 MiB. */
const LAMBDA_BYTES = 6 * 2 ** 20;

interface Table {
  readonly layers: readonly { readonly index: number; readonly name: string }[];
  readonly links: { readonly next: string | null };
}

test("the layers of a large network come in as many answers as a function's limit asks for", async () => {
  const pipeline = await memoryPipeline();
  const { networks } = pipeline.deps;
  const tiny = await networks.open("tiny");
  const [, wide] = tiny.layers;
  // escaped twice on the way, and of several bytes
  const name = (i: number) => `${'"\\'.repeat(150)}${"ä層".repeat(150)}${i}`;
  const layers = Array.from({ length: 4_000 }, (_, i) => {
    return { ...wide!, index: i + 1, name: name(i) };
  });
  const call = apiClient(pipeline, {
    networks: { ...networks, open: () => Promise.resolve({ ...tiny, layers }) },
  });
  const pages: Table[] = [];
  let next: string | null = "/networks/tiny/layers";
  while (next !== null) {
    const { status, body }: ApiAnswer = await call("GET", next);
    expect(status).toBe(200);
    expect(Buffer.byteLength(JSON.stringify(JSON.stringify(body)))).toBeLessThan(LAMBDA_BYTES);
    pages.push(body as Table);
    next = (body as Table).links.next;
  }
  expect(pages.flatMap((page) => page.layers.map((layer) => layer.name))).toEqual(
    layers.map((layer) => layer.name),
  );
  // no more of them than need be
  expect(pages.length).toBeLessThan(6);
});

test("the links of a table's parts have the API's stage before them", async () => {
  const pipeline = await memoryPipeline();
  const { networks } = pipeline.deps;
  const tiny = await networks.open("tiny");
  const [, wide] = tiny.layers;
  const layers = [1, 2, 3].map((index) => ({ ...wide!, index, name: "x".repeat(3 * 2 ** 20) }));
  const call = apiClient(pipeline, {
    networks: { ...networks, open: () => Promise.resolve({ ...tiny, layers }) },
  });
  const first = await call("GET", "/networks/tiny/layers", { stage: "/prod" });
  expect(first.body).toMatchObject({ links: { next: "/prod/networks/tiny/layers?after=1" } });
  const last = await call("GET", "/networks/tiny/layers?after=2");
  expect(last.body).toMatchObject({ layers: [{ index: 3 }], links: { next: null } });
});

test("a layer of which more is to be told than a function may answer is refused", async () => {
  const pipeline = await memoryPipeline();
  const { networks } = pipeline.deps;
  const tiny = await networks.open("tiny");
  const look = (quotes: number) => {
    const layers = tiny.layers.map((layer) => ({ ...layer, name: '"'.repeat(quotes) }));
    const open = () => Promise.resolve({ ...tiny, layers });
    const its = { ...networks, open };
    return apiClient(pipeline, { networks: its })("GET", "/networks/tiny/layers/2");
  };
  // each is four bytes of JSON in JSON: 4 MiB, and 8 MiB
  expect((await look(2 ** 20)).status).toBe(200);
  const { status, body } = await look(2 ** 21);
  expect(status).toBe(409);
  expect(body).toMatchObject({
    problems: [expect.stringMatching(/^layer 2 of network 'tiny' has more names and attributes/)],
  });
});
