import { expect, test } from "vitest";

import { encodePng } from "../../../lib/image/png.ts";
import { filledRaster } from "../../../lib/image/raster.ts";
import { sha256 } from "../../../lib/networks/checksum.ts";
import { loadTargetFiles, pinTargetFiles } from "../../../lib/pipeline/request/target-files.ts";
import { collectGarbage } from "../../support/collect-garbage.ts";
import { problemsOf } from "./problems-of.ts";

test("one file cannot be a direction and an image", async () => {
  const image = await encodePng({ width: 2, height: 3, data: new Uint8Array(18).fill(9) });
  const one = async () => image;
  const wanted = /^targets\[1\]\.direction: given 'seen.png'; /;
  const targets = [{ activationOf: "seen.png" }, { direction: "seen.png" }];
  const [problem, ...others] = await problemsOf(() => pinTargetFiles(targets, one));
  expect(problem).toMatch(wanted);
  expect(others).toEqual([]);
  const twice = await pinTargetFiles([targets[0]!, targets[0]!], one);
  expect(twice).toMatchObject([{ key: "seen.png", shape: null }]);
});

test("of many photographs no pixels are held before one is asked for", async () => {
  const side = 1_000;
  const photo = await encodePng(filledRaster({ width: side, height: side }, [9, 8, 7]));
  const photos = Array.from({ length: 8 }, (_, i) => ({
    key: `${i}.png`,
    sha256: sha256(photo),
    shape: null,
  }));
  const heldBytes = () => (collectGarbage(), process.memoryUsage().external);
  const before = heldBytes();
  const loaded = await loadTargetFiles(photos, async () => photo);
  const pixelBytes = photos.length * 3 * side ** 2;
  expect(heldBytes() - before).toBeLessThan(pixelBytes / 2);
  // pixels that are held count
  const contents = await Promise.all([...loaded.values()].map((each) => each.decode()));
  expect(heldBytes() - before).toBeGreaterThan(pixelBytes / 2);
  expect(contents[3]).toMatchObject({ kind: "image", raster: { width: side, height: side } });
});
