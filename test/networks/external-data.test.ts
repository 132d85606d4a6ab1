import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { describe, expect, test } from "vitest";

import { addNetwork, type NewNetwork } from "../../lib/networks/add.ts";
import { parseDescription } from "../../lib/networks/description.ts";
import { IntegrityError } from "../../lib/networks/errors.ts";
import { openNetwork } from "../../lib/networks/registry.ts";
import { readModel } from "../../lib/onnx/decode.ts";
import { analyseNetwork } from "../../lib/pipeline/networks/analyse-network.ts";
import { BucketNetworks } from "../../lib/pipeline/networks/bucket-networks.ts";
import { publishNetwork } from "../../lib/pipeline/networks/publish-network.ts";
import { externalModel, writeExternalModel } from "../support/external-model.ts";
import { MemoryObjectStore } from "../support/memory-object-store.ts";
import { describeFile, descriptionJson, sha256, writeNetwork } from "./descriptions.ts";
import { serve } from "./file-server.ts";
import { filesIn, temporaryFolder } from "./temporary-folder.ts";

/** PyTorch's, one file for each weight in a folder, and a name that no key can have. */
const LOCATIONS = ["net.onnx.data", "weights/conv.bin", "onnx::Conv_12"];

const newNetwork = (modelPath: string): NewNetwork => ({
  id: "mynet",
  modelPath,
  mean: [1, 2, 3],
  scale: [1, 1, 1],
  channelOrder: "RGB",
  labelsPath: null,
  sizePx: null,
  licence: "MIT",
});

async function added(location: string) {
  const root = await temporaryFolder();
  const folder = join(root, "networks");
  const modelPath = await writeExternalModel(root, location);
  const options = { folder, folders: [folder], check: async () => {} };
  await addNetwork(newNetwork(modelPath), options);
  const open = () => openNetwork("mynet", { folders: [folder], cacheFolder: folder });
  return { root, folder, modelPath, open };
}

describe.each(LOCATIONS)("weights in '%s' beside the model", (location) => {
  test("are added with it, and known by their content", async () => {
    const { folder, modelPath, open } = await added(location);
    const [, data] = externalModel(location);
    const network = await open();
    expect(network.file.externalData).toEqual([
      { location, sha256: sha256(data), sizeBytes: data.length, source: null },
    ]);
    expect(await filesIn(join(folder, "mynet"))).toEqual(
      ["mynet.onnx", "network.json", location].toSorted(),
    );
    expect(await readModel(network.modelPath)).toEqual(await readModel(modelPath));
    // the file that was added is recognised where it lies
    const byPath = await openNetwork(modelPath, { folders: [folder], cacheFolder: folder });
    expect(byPath.description.id).toBe("mynet");
  });

  test("go through the bucket", async () => {
    const { root, open } = await added(location);
    const store = new MemoryObjectStore();
    await publishNetwork(store, await open());
    expect(store.keys()).toHaveLength(3);
    const networks = new BucketNetworks({ store, cacheFolder: join(root, "cache") });
    const there = await networks.open("mynet");
    const here = await analyseNetwork(await open());
    expect(there.model).toEqual(here.model);
  });

  test("that are others are not used", async () => {
    const { folder, modelPath, open } = await added(location);
    const one = await analyseNetwork(await open());
    await writeFile(join(folder, "mynet", location), new Uint8Array(54 * 4).fill(63));
    await expect(open()).rejects.toThrow(IntegrityError);
    await rm(join(folder, "mynet", location));
    await expect(open()).rejects.toThrow(/cannot read external data.*there is no such file/);
    // by its path, it is another network, with another fingerprint
    await writeFile(join(modelPath, "..", location), new Uint8Array(54 * 4).fill(63));
    const other = await openNetwork(modelPath, { folders: [], cacheFolder: folder });
    expect(other.description.id).toBe("net");
    const { model } = await analyseNetwork(other);
    expect(model.fingerprint).not.toBe(one.model.fingerprint);
  });
});

test("weights that the description does not list are not read", async () => {
  const folder = await temporaryFolder();
  const [model, data] = externalModel("net.onnx.data");
  const description = descriptionJson("mynet", [describeFile("net.onnx", model)]);
  const input = { ...description.input, name: "picture", width: 18, height: 16 };
  await writeNetwork(folder, "mynet", {
    "network.json": JSON.stringify({ ...description, input }),
    "net.onnx": model,
    "net.onnx.data": data,
  });
  const network = await openNetwork("mynet", { folders: [folder], cacheFolder: folder });
  await expect(analyseNetwork(network)).rejects.toThrow(
    /keeps weights in the file 'net.onnx.data', which its description does not list/,
  );
});

test("weights are fetched before the model", async () => {
  const [model, data] = externalModel("net.onnx.data");
  const asked: string[] = [];
  const url = await serve(({ url: path = "" }, response) => {
    asked.push(path);
    response.end(path === "/model" ? model : data);
  });
  const [folder, cacheFolder] = [await temporaryFolder(), await temporaryFolder()];
  const external = { location: "net.onnx.data", sha256: sha256(data), source: `${url}/data` };
  const file = { ...describeFile("net.onnx", model, `${url}/model`), externalData: [external] };
  const description = JSON.stringify(descriptionJson("far", [parsedFile(file)]));
  await writeNetwork(folder, "far", { "network.json": description });
  const { modelPath } = await openNetwork("far", { folders: [folder], cacheFolder });
  expect(asked).toEqual(["/data", "/model"]);
  expect(await readFile(join(modelPath, "..", "net.onnx.data"))).toEqual(Buffer.from(data));
});

const parsedFile = (file: object) =>
  parseDescription({ ...descriptionJson("x", []), files: [file] }, "x").files[0]!;

describe("a description with weights in a file beside the model", () => {
  const [model, data] = externalModel("w");
  const parse = (location: string) => {
    const externalData = [{ location, sha256: sha256(data) }];
    return parsedFile({ ...describeFile("net.onnx", model), externalData });
  };

  test.each(LOCATIONS)("may say '%s'", (location) => {
    expect(parse(location).externalData).toHaveLength(1);
  });

  test.each(["../w", "a/../../w", "/etc/passwd", "C:\\w", "C:/w", "a\\w", "a\u0000", ""])(
    "may not say '%s'",
    (location) => {
      expect(() => parse(location)).toThrow("want a path inside the model's folder");
    },
  );

  test.each(["network.json", "net.onnx", "./labels.txt"])("may not say '%s'", (location) => {
    expect(() => parse(location)).toThrow("has the name of another file");
  });
});
