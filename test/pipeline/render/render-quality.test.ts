import { expect, test } from "vitest";

import { readNetwork, render } from "../../../lib/dreamgrid.ts";
import { decodeImage } from "../../../lib/image/png.ts";
import { AscentEngine } from "../../../lib/optvis/ascent/engine.ts";
import { examine } from "../../../lib/optvis/quality/examine.ts";
import { look } from "../../../lib/optvis/quality/look.ts";
import { temporaryFolder } from "../../networks/temporary-folder.ts";
import { tinyNetwork } from "../../support/tiny-network.ts";

/** An ascent of four iterations. */
const SHORT = { method: "deepdream", numIterations: 4, pyramidLevels: 1 } as const;

/** Images of the tiny network's request, with how often each channel was drawn. */
async function imagesOf(request: { readonly layer: string; readonly channels: string }) {
  const { modelPath } = await tinyNetwork(await temporaryFolder());
  const network = await readNetwork(modelPath);
  const drawn: number[] = [];
  const images = [];
  for await (const event of render({ network, ...request, ...SHORT }, { threads: 2 })) {
    if (event.kind === "progress" && event.iteration === 4) drawn.push(event.channel);
    if (event.kind === "image") images.push(event);
  }
  return { network, drawn, images: images.toSorted((a, b) => a.channel - b.channel) };
}

test("the card is that of the PNG that people get, of classes and of channels", async () => {
  const engine = new AscentEngine({ threads: 1 });
  try {
    for (const [layer, kind] of [
      ["wide", "features"],
      ["prob", "probabilities"],
      ["classes", "logits"],
    ] as const) {
      const { network, images, drawn } = await imagesOf({ layer, channels: "1:4" });
      expect(images).toHaveLength(4);
      const { model, layers } = network.analysed;
      const viewed = layers.find(({ name }) => name === layer)!;
      for (const { channel, png, quality, redrawn } of images) {
        const picture = await decodeImage(png);
        expect(quality).toMatchObject(look(picture));
        const subject = { network: model, layer: viewed, provider: "cpu", channel, kind } as const;
        expect(await examine(engine, picture, { ...subject, size: model.inputSize })).toEqual(
          quality,
        );
        expect(drawn.filter((each) => each === channel)).toHaveLength(redrawn ? 2 : 1);
      }
    }
  } finally {
    await engine.close();
  }
});

test("a picture and its card do not depend on the channels that are asked for with it", async () => {
  const together = await imagesOf({ layer: "wide", channels: "1:7" });
  const alone = await imagesOf({ layer: "wide", channels: "3:3" });
  const { png, quality, redrawn, seed } = together.images[2]!;
  expect(alone.images[0]).toMatchObject({ channel: 3, png, quality, redrawn, seed });
});
