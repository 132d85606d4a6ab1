import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { S3Client } from "@aws-sdk/client-s3";
import { expect, onTestFinished, test, vi } from "vitest";

import { type ChannelImage, render, RequestError, sheet } from "../../lib/dreamgrid.ts";
import { decodeImage } from "../../lib/image/png.ts";
import { AscentEngine } from "../../lib/optvis/ascent/engine.ts";
import { type RunEvent, startPipeline } from "../../local/dreamgrid.ts";
import { temporaryFolder } from "../networks/temporary-folder.ts";
import { collectGarbage } from "../support/collect-garbage.ts";
import { tinyNetwork } from "../support/tiny-network.ts";

/** On no machine done before a test ends it. */
const LONG = { numIterations: 2_000, pyramidLevels: 6 };

async function pipelineIn(folder: string) {
  const pipeline = await startPipeline({ dataFolder: join(folder, "data"), threads: 2 });
  onTestFinished(() => pipeline.stop());
  return pipeline;
}

test("the pipeline tells of a request's end, with the images and the sheet that render makes", async () => {
  const folder = await temporaryFolder();
  const { modelPath: network } = await tinyNetwork(folder);
  const request = { network, layer: "classes", channels: "all", numIterations: 2 } as const;
  const pipeline = await pipelineIn(folder);
  const events: RunEvent[] = [];
  for await (const event of pipeline.run([request])) events.push(event);
  expect(events[0]).toMatchObject({ kind: "accepted", request: 0 });
  const last = events.at(-1);
  if (last?.kind !== "ended" || last.outcome.kind !== "ended") throw new Error("it did not end");
  const { sheetPath, tilePaths } = last.outcome;

  const images: ChannelImage[] = [];
  for await (const event of render(request)) if (event.kind === "image") images.push(event);
  const sorted = images.toSorted((a, b) => a.channel - b.channel);
  const bytes = await Promise.all(tilePaths.toSorted().map((path) => readFile(path)));
  expect(bytes.map((tile) => tile.toString("base64"))).toEqual(
    sorted.map(({ png }) => Buffer.from(png).toString("base64")),
  );
  // the file besides says by which request it was drawn
  const [made, written] = await Promise.all([sheet(sorted), readFile(sheetPath)]);
  expect(await decodeImage(written)).toEqual(await decodeImage(made));
});

test("a request that cannot be read is refused", async () => {
  const pipeline = await pipelineIn(await temporaryFolder());
  const running = pipeline.run([{ network: "tiny", layer: 2, channels: "all", seed: -1 }]);
  await expect(running.next()).rejects.toThrow(RequestError);
});

test("a pipeline that is stopped ends who waits for it, lets in no one, and can be stopped again", async () => {
  const folder = await temporaryFolder();
  const { modelPath: network } = await tinyNetwork(folder);
  const request = { network, layer: "classes", channels: "all", ...LONG } as const;
  const pipeline = await pipelineIn(folder);
  const running = pipeline.run([request]);
  expect(await running.next()).toMatchObject({ value: { kind: "accepted" } });
  const rest = async () => {
    for (;;) if ((await running.next()).done === true) return "it ended";
  };
  await Promise.all([
    expect(rest()).rejects.toThrow("the pipeline has been stopped"),
    pipeline.stop(),
    pipeline.stop(),
  ]);
  await expect(pipeline.run([request]).next()).rejects.toThrow("the pipeline has been stopped");
});

test("who waits for a limited time waits no longer, whatever the garbage collector has taken", async () => {
  const folder = await temporaryFolder();
  const { modelPath: network } = await tinyNetwork(folder);
  const request = { network, layer: "classes", channels: "all", ...LONG } as const;
  const pipeline = await pipelineIn(folder);
  const running = pipeline.run([request], { signal: AbortSignal.timeout(500) });
  const waiting = async () => {
    for (;;) {
      if ((await running.next()).done === true) return "it ended";
      collectGarbage();
    }
  };
  await expect(waiting()).rejects.toThrow("aborted due to timeout");
});

test("whatever cannot be stopped or started, threads and folder are given back", async () => {
  const dataFolder = join(await temporaryFolder(), "data");
  const closing = vi.spyOn(AscentEngine.prototype, "close");
  const enginesClosed = () => new Set(closing.mock.contexts).size;
  const destroying = vi.spyOn(S3Client.prototype, "destroy");
  onTestFinished(() => {
    for (const spy of [closing, destroying]) spy.mockRestore();
  });
  const pipeline = await startPipeline({ dataFolder, threads: 1 });
  await expect(startPipeline({ dataFolder, threads: 1 })).rejects.toThrow("has this data folder");
  expect(enginesClosed()).toBe(1);
  destroying.mockImplementationOnce(() => {
    throw new Error("a socket is stuck");
  });
  await expect(pipeline.stop()).rejects.toThrow("a socket is stuck");
  expect(enginesClosed()).toBe(2);
  const again = await startPipeline({ dataFolder, threads: 1 });
  await again.stop();
});
