import { readdir } from "node:fs/promises";
import { Readable } from "node:stream";

import { expect, onTestFinished, test, vi } from "vitest";

import type { Network } from "../../../lib/networks/registry.ts";
import { startApiServer } from "../../../local/api-adapter.ts";
import { NetworkDrops } from "../../../local/page/network-drop.ts";
import { PageServer } from "../../../local/page/page-server.ts";
import { describeFile, descriptionJson, writeNetwork } from "../../networks/descriptions.ts";
import { temporaryFolder } from "../../networks/temporary-folder.ts";
import { node, sketch, writeModel } from "../../support/onnx-writer.ts";
import { externalModel } from "../../support/external-model.ts";
import { normal } from "../../support/random.ts";
import { untilTrue } from "../../support/until.ts";

const network = (planes: number) =>
  writeModel(
    sketch({
      inputs: { image: [1, planes, 10, 12] },
      nodes: [node("Conv", "image w", "y")],
      outputs: ["y"],
      initializers: { w: normal([2, planes, 3, 3], 1) },
    }),
    17,
  );

/** Drops a network. @returns its image, as it was published */
async function dropped(
  planes: number,
  said: Readonly<Record<string, unknown>>,
  file = "net.onnx",
  known: readonly string[] = [],
  bytes = network(planes),
) {
  const published: Network[] = [];
  const publisher = {
    isTaken: async () => false,
    publish: async (each: Network) => void published.push(each),
  };
  const drops = new NetworkDrops(publisher, { known });
  onTestFinished(() => drops.close());
  const id = await drops.begin();
  await drops.receive(id, file, Readable.from([Buffer.from(bytes)]));
  expect(await drops.finish(id, { network: "mine", file, ...said })).toBe("mine");
  return published[0]!.description.input;
}

test.each([
  [1, undefined, "planes"],
  [4, undefined, "planes"],
  [3, undefined, "RGB"],
  [3, "RGB", "RGB"],
  [3, "BGR", "BGR"],
])("a dropped network of %i planes, said to be %s, is of %s", async (planes, order, wanted) => {
  const input = await dropped(planes, { mean: [127.5], scale: [0.5], channelOrder: order });
  expect(input).toMatchObject({
    channelOrder: wanted,
    mean: Array.from({ length: planes }, () => 127.5),
    scale: Array.from({ length: planes }, () => 0.5),
  });
  expect(input).not.toHaveProperty("assumed");
});

test("a dropped network's pixels are by the convention that is named", async () => {
  const { channelOrder, mean } = await dropped(3, { preprocessing: "caffe" });
  expect({ channelOrder, mean }).toEqual({ channelOrder: "BGR", mean: [103.939, 116.779, 123.68] });
  await expect(dropped(3, { preprocessing: "cafe" })).rejects.toThrow(/preprocessing/);
});

test("a dropped network whose bytes are a known one's has its pixels, unless others are named", async () => {
  const folder = await temporaryFolder();
  const zoo = descriptionJson("zoo", [describeFile("zoo.onnx", network(3))]);
  const input = { ...zoo.input, name: "image", width: 12, height: 10 };
  await writeNetwork(folder, "zoo", { "network.json": JSON.stringify({ ...zoo, input }) });
  expect(await dropped(3, {}, "my.onnx", [folder])).toEqual(input);
  expect(await dropped(3, { channelOrder: "RGB" }, "my.onnx", [folder])).toMatchObject({
    channelOrder: "RGB",
    mean: [128, 128, 128],
  });
});

test("what nobody says of a dropped network's pixels is assumed, and told", async () => {
  expect(await dropped(3, {})).toMatchObject({
    mean: [128, 128, 128],
    assumed: "RGB, 0..255 minus 128",
  });
});

const [EXTERNAL] = externalModel("net.onnx.data");
const TWO_INPUTS = writeModel(
  sketch({
    inputs: { image: [1, 3, 10, 12], factor: [1] },
    nodes: [node("Mul", "image factor", "y")],
    outputs: ["y"],
  }),
  17,
);

test.each([
  [
    "weights elsewhere",
    EXTERNAL,
    /^cannot read external data 'net.onnx.data'.*; choose it together with the model$/,
  ],
  [
    "another input",
    TWO_INPUTS,
    /--input factor=VALUE; dreamgrid models add takes it, the page does not$/,
  ],
])("of a network with %s it is told what the page's user can do", async (_, bytes, message) => {
  await expect(dropped(3, {}, "net.onnx", [], bytes)).rejects.toThrow(message);
});

test("a file of another kind is not sent, and its name says how it becomes ONNX", async () => {
  const publisher = { isTaken: async () => false, publish: async () => undefined };
  const drops = new NetworkDrops(publisher);
  onTestFinished(() => drops.close());
  const id = await drops.begin();
  const finish = (file: string) => drops.finish(id, { network: "mine", file });
  await expect(finish("net.h5")).rejects.toThrow(/^net.h5: networks are read as ONNX; .*tf2onnx/);
  await expect(finish("cat.jpg")).rejects.toThrow(/^file: given 'cat.jpg'; wanted an .onnx file/);
});

test("of a file that did not arrive whole nothing stays on the disk", async () => {
  const folder = await temporaryFolder();
  const publisher = { isTaken: async () => false, publish: async () => undefined };
  const drops = new NetworkDrops(publisher, { drops: folder });
  onTestFinished(() => drops.close());
  const id = await drops.begin();
  const files = () => readdir(folder, { recursive: true });
  const body = Readable.from(
    (async function* () {
      yield Buffer.alloc(100_000);
      // the tab is closed once something has been written
      await untilTrue(
        async () => (await files()).some((name) => name.endsWith("net.onnx")),
        () => "nothing is written",
      );
      throw new Error("aborted");
    })(),
  );
  await expect(drops.receive(id, "net.onnx", body)).rejects.toThrow("aborted");
  expect(await files()).toEqual([expect.not.stringContaining("net.onnx")]);
});

test("a dropped network has the class names of a file beside it, which are as many as its classes", async () => {
  const published: Network[] = [];
  const drops = new NetworkDrops({
    isTaken: async () => false,
    publish: async (each) => void published.push(each),
  });
  onTestFinished(() => drops.close());
  const id = await drops.begin();
  const send = (name: string, bytes: Uint8Array) =>
    drops.receive(id, name, Readable.from([Buffer.from(bytes)]));
  await send("net.onnx", network(1));
  await send("three.txt", Buffer.from("cat\ndog\ncow\n"));
  await send("two.txt", Buffer.from("cat\ndog\n"));
  const finish = (labels: string) =>
    drops.finish(id, { network: "mine", file: "net.onnx", labels });
  await expect(finish("three.txt")).rejects.toThrow(
    /^three.txt: given 3 class names; 'mine' ends with 2 channels$/,
  );
  await expect(finish("absent.txt")).rejects.toThrow(
    /^there is no file absent.txt for the labels$/,
  );
  await expect(finish("../two.txt")).rejects.toThrow(/wanted a plain name/);
  expect(published).toEqual([]);
  await finish("two.txt");
  expect(published[0]!.labels).toEqual(["cat", "dog"]);
});

test.each(["net (1).onnx", "réseau.onnx", "网络 2.onnx"])(
  "a file may be called %s",
  async (name) => {
    expect(await dropped(1, {}, name)).toMatchObject({ channelOrder: "planes" });
  },
);

test.each(["../net.onnx", "a/net.onnx", "C:\\net.onnx", ".net", "a\nb.onnx", "網".repeat(81), ""])(
  "no file of the drop is called %j",
  async (name) => {
    await expect(dropped(1, {}, name)).rejects.toThrow(/wanted a plain name/);
    await expect(dropped(1, { file: name })).rejects.toThrow(/wanted a plain name/);
  },
);

test.each(["added", "mine"])("a network's file may be called %s", async (name) => {
  expect(await dropped(3, {}, name)).toMatchObject({ channelOrder: "RGB" });
});

test("a file whose name cannot be read is refused as such, and a document that is too deep", async () => {
  const log = { info: () => undefined, error: vi.fn() };
  const publisher = { isTaken: async () => false, publish: async () => undefined };
  const api = () => Promise.reject(new Error("no API"));
  const page = new PageServer({ api, publisher, events: null, log });
  const server = await startApiServer(api, 0, page.answer);
  onTestFinished(() => server.close());
  const { id } = (await (await fetch(`${server.url}/page/uploads`, { method: "POST" })).json()) as {
    id: string;
  };
  const sent = await fetch(`${server.url}/page/uploads/${id}/%E0.onnx`, {
    method: "PUT",
    body: "",
  });
  expect(sent.status).toBe(400);
  expect(await sent.text()).toContain("%E0.onnx");
  const nested = `{"mean":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
  const finished = await fetch(`${server.url}/page/uploads/${id}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: nested,
  });
  expect(finished.status).toBe(400);
  expect(await finished.text()).toContain("levels deep");
  expect(log.error).not.toHaveBeenCalled();
  await page.close();
});
