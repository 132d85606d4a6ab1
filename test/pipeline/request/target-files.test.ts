import { expect, test } from "vitest";

import { ImageError } from "../../../lib/image/errors.ts";
import { encodePng } from "../../../lib/image/png.ts";
import { filledRaster } from "../../../lib/image/raster.ts";
import { sha256 } from "../../../lib/networks/checksum.ts";
import { loadTargetFiles, pinTargetFiles } from "../../../lib/pipeline/request/target-files.ts";
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

test("of many photographs no pixels are kept, before or after one is asked for", async () => {
  const raster = filledRaster({ width: 5, height: 4 }, [9, 8, 7]);
  const photo = await encodePng(raster);
  const files = ["asked.png", "other.png"].map((key) => {
    return { key, sha256: sha256(photo), shape: null };
  });
  const loaded = await loadTargetFiles(files, async () => photo);
  const decode = (key: string) => loaded.get(key)!.decode();
  expect(await decode("asked.png")).toEqual({ kind: "image", raster });
  // with the file gone there are pixels only where somebody kept them
  photo.fill(0);
  await expect(decode("other.png")).rejects.toThrow(ImageError);
  await expect(decode("asked.png")).rejects.toThrow(ImageError);
});
