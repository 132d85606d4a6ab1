import { expect, test } from "vitest";

import { encodePng } from "../../../lib/image/png.ts";
import { filledRaster } from "../../../lib/image/raster.ts";
import { renderMessages } from "../../../lib/pipeline/render/render-messages.ts";
import { FakeRenderer } from "../../support/fake-renderer.ts";
import { deliveries, memoryPipeline } from "../../support/memory-pipeline.ts";

const image = (red: number) => encodePng(filledRaster({ width: 24, height: 20 }, [red, 0, 0]));

test("a file that another image's target names is not read", async () => {
  const pipeline = await memoryPipeline();
  for (const i of [1, 2]) await pipeline.store.put(`uploads/${i}.png`, await image(i), "image/png");
  const targets = [1, 2].map((i) => ({ activationOf: `uploads/${i}.png` }));
  await pipeline.accept({ channels: undefined, targets });
  await pipeline.store.delete("uploads/2.png");
  const renderer = new FakeRenderer();
  const [first, second] = deliveries(pipeline.cpu);
  expect(await renderMessages([first!], pipeline.renderDeps(renderer))).toEqual([]);
  expect([...renderer.tasks[0]!.targetFiles!.keys()]).toEqual(["uploads/1.png"]);
  expect(await renderMessages([second!], pipeline.renderDeps(renderer))).toEqual(["m1"]);
});
