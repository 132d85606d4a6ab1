import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "vitest";

import { addNetwork, type NewNetwork } from "../../lib/networks/add.ts";
import { openNetwork } from "../../lib/networks/registry.ts";
import { filesIn, temporaryFolder } from "./temporary-folder.ts";
import { tinyModel } from "./tiny-model.ts";
import { tinyNetwork } from "../support/tiny-network.ts";

const refuse = () => Promise.reject(new Error("no gradients"));

async function prepare(model: Uint8Array = tinyModel()) {
  const root = await temporaryFolder();
  const [modelPath, labelsPath] = [join(root, "net.onnx"), join(root, "names.txt")];
  await writeFile(modelPath, model);
  await writeFile(labelsPath, "cat\ndog\n");
  const added: NewNetwork = {
    id: "mynet",
    modelPath,
    mean: [104, 117, 123],
    scale: [1, 1, 0.5],
    channelOrder: "BGR",
    labelsPath,
    sizePx: 96,
    licence: "MIT",
  };
  const folder = join(root, "networks");
  return { folder, added, options: { folder, folders: [folder], check: async () => {} } };
}

test("an added network opens by its id as it was described", async () => {
  const { folder, added, options } = await prepare();
  const network = await addNetwork(added, options);
  const opened = await openNetwork("mynet", { folders: [folder], cacheFolder: folder });
  expect(opened).toEqual(network);
  expect(opened).toMatchObject({
    labels: ["cat", "dog"],
    description: {
      licence: "MIT",
      input: {
        name: "picture",
        width: 96,
        height: 96,
        channelOrder: "BGR",
        mean: [104, 117, 123],
        scale: [1, 1, 0.5],
      },
    },
  });
  expect(await filesIn(folder)).toEqual([
    "mynet/labels.txt",
    "mynet/mynet.onnx",
    "mynet/network.json",
  ]);
  expect(await readFile(opened.modelPath)).toEqual(await readFile(added.modelPath));
});

test("the same bytes under another id are described as before, unless something else is given", async () => {
  const { folder, added, options } = await prepare();
  await addNetwork(added, options);
  const { modelPath, licence } = added;
  const bare = { modelPath, labelsPath: null, licence, sizePx: null };
  const again = await addNetwork({ ...bare, id: "again" }, options);
  const { channelOrder, mean, width } = again.description.input;
  expect({ channelOrder, mean, width }).toEqual({
    channelOrder: "BGR",
    mean: [104, 117, 123],
    width: 96,
  });
  expect(again.notice).toBeUndefined();
  expect(await openNetwork("again", { folders: [folder], cacheFolder: folder })).toMatchObject({
    labels: ["cat", "dog"],
  });
  const other = await addNetwork({ ...bare, id: "other", preprocessing: "zero-one" }, options);
  expect(other.description.input).toMatchObject({ channelOrder: "RGB", mean: [0, 0, 0] });
});

test("the same bytes have the recipes of the network that they are", async () => {
  const root = await temporaryFolder();
  const recipes = { middle: { method: "fourier", preset: "vivid" } };
  const { modelPath } = await tinyNetwork(root, { id: "known", recipes });
  const folder = join(root, "added");
  const options = { folder, folders: [folder], known: [root], check: async () => {} };
  const added = { id: "again", modelPath, labelsPath: null, licence: "MIT", sizePx: null };
  await addNetwork(added, options);
  const opened = await openNetwork("again", { folders: [folder], cacheFolder: folder });
  expect(opened.description.recipes).toEqual(recipes);
});

test("a size the file fixes is taken from it, and cannot be another", async () => {
  const { added, options } = await prepare(tinyModel([1, 3, 40, 56]));
  await expect(addNetwork(added, options)).rejects.toThrow("takes images of 56x40");
  const network = await addNetwork({ ...added, sizePx: null }, options);
  expect(network.description.input).toMatchObject({ width: 56, height: 40 });
});

test("whatever is wrong, nothing is written", async () => {
  const { folder, added, options } = await prepare();
  const pickled = added.modelPath.replace("net.onnx", "net.pt");
  await writeFile(pickled, "PK\u0003\u0004 data.pkl");
  const failures: readonly (readonly [Partial<NewNetwork>, string])[] = [
    [{ id: "my/net" }, "id: given 'my/net'; want 1 to 64 letters"],
    [{ modelPath: pickled }, "net.pt: networks are read as ONNX; load the model in PyTorch"],
    [{ scale: [0, 1, 1] }, "scale: 0 would erase a channel"],
    [{ mean: [Number.NaN, 1, 1] }, "mean: want finite numbers"],
    [{ modelPath: join(folder, "no.onnx") }, "for the model"],
    [{ labelsPath: join(folder, "no.txt") }, "for the labels"],
  ];
  for (const [change, message] of failures) {
    await expect(addNetwork({ ...added, ...change }, options)).rejects.toThrow(message);
  }
  await expect(addNetwork(added, { ...options, check: refuse })).rejects.toThrow("no gradients");
  await expect(filesIn(folder)).rejects.toThrow("ENOENT");
});

test("an id that is taken stays what it was", async () => {
  const { folder, added, options } = await prepare();
  await addNetwork(added, options);
  const again = addNetwork({ ...added, licence: "another" }, options);
  await expect(again).rejects.toThrow(/'mynet' already; .*: dreamgrid models remove mynet$/);
  const { description } = await openNetwork("mynet", { folders: [folder], cacheFolder: folder });
  expect(description.licence).toBe("MIT");
});
