import { expect, test } from "vitest";

import { memoryPipeline } from "../../support/memory-pipeline.ts";
import { uniform } from "../../support/random.ts";
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

test("a channel's circuit has the weights that lead to it, the largest first", async () => {
  const call = apiClient(await memoryPipeline());
  // of the network's own matrix [5, 7], its second row
  const row = uniform([5, 7], 2, [-1, 1]).data.subarray(7, 14);
  const wanted = Array.from(row, (weight, i) => ({ channel: i + 1, weight })).toSorted(
    (a, b) => Math.abs(b.weight) - Math.abs(a.weight),
  );
  const { status, body } = await call("GET", "/networks/tiny/layers/5/channels/2/circuit?limit=3");
  expect([status, body]).toEqual([
    200,
    {
      layer: { index: 5, name: "classes" },
      channel: 2,
      weighing: [{ index: 5, name: "classes" }],
      count: 7,
      sources: wanted.slice(0, 3).map(({ channel, weight }) => ({
        layer: { index: 2, name: "wide" },
        channel,
        colour: null,
        sum: expect.closeTo(weight, 4),
        share: expect.closeTo(weight ** 2 / row.reduce((sum, each) => sum + each ** 2, 0), 4),
        kernel: { rows: 1, columns: 1, weights: [expect.closeTo(weight, 4)] },
      })),
      useCount: 0,
      uses: [],
    },
  ]);
  const ofWide = await call("GET", "/networks/tiny/layers/2/channels/7/circuit");
  expect(ofWide.body).toMatchObject({
    useCount: 5,
    count: 3,
    sources: [1, 2, 3].map(() => ({
      channel: expect.any(Number),
      colour: expect.stringMatching(/^(red|green|blue)$/),
      layer: { index: 1 },
    })),
  });
});

test.each([
  ["layers/5/channels/6", 404, "layer 5 of network 'tiny' has no channel 6: it has 5"],
  ["layers/9/channels/1", 404, "network 'tiny' has no layer 9: it has 6"],
  ["layers/1/channels/1", 409, "the channel is the image's own: nothing makes it"],
])("there is no circuit of %s", async (path, status, problem) => {
  const call = apiClient(await memoryPipeline());
  const answer = await call("GET", `/networks/tiny/${path}/circuit`);
  expect([answer.status, answer.body]).toEqual([
    status,
    expect.objectContaining({ problems: [problem] }),
  ]);
});
