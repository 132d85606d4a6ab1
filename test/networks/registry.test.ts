import { mkdir, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "vitest";

import {
  IntegrityError,
  DescriptionError,
  NetworkNotFoundError,
} from "../../lib/networks/errors.ts";
import { cacheFolder, defaultFolders } from "../../lib/networks/folders.ts";
import { listNetworks, openNetwork } from "../../lib/networks/registry.ts";
import { surveyNetworks } from "../../lib/networks/survey.ts";
import { deadAddress, serve } from "./file-server.ts";
import { describeFile, descriptionJson, sha256, writeNetwork } from "./descriptions.ts";
import { filesIn, temporaryFolder } from "./temporary-folder.ts";
import { tinyModel } from "./tiny-model.ts";

const MODEL = Uint8Array.from({ length: 5000 }, (_, i) => i & 255);
const OTHER_MODEL = Uint8Array.from({ length: 4000 }, (_, i) => (i * 3) & 255);

/** Two folders and a cache, all empty. */
async function threeFolders() {
  const root = await temporaryFolder();
  const [first, second, cache] = ["first", "second", "cache"].map((name) => join(root, name));
  return { first: first!, second: second!, cache: cache!, folders: [first!, second!, cache!] };
}

const descriptionText = (id: string, files: Parameters<typeof descriptionJson>[1]) =>
  JSON.stringify(descriptionJson(id, files));

/** Files of a network that differs from others of its id by its licence. */
const licensed = (id: string, licence: string) => ({
  "network.json": JSON.stringify({
    ...descriptionJson(id, [describeFile("a.onnx", MODEL)]),
    licence,
  }),
});

test("emojinet is there without a download", async () => {
  const cache = await temporaryFolder();
  const env = { DREAMGRID_CACHE: cache };
  const network = await openNetwork("emojinet", {
    folders: defaultFolders(env),
    cacheFolder: cacheFolder(env),
  });
  expect(network.description.input).toMatchObject({ name: "data_0", channelOrder: "RGB" });
  expect(network.labels?.[509]).toBe("tiger");
  expect(network.notice).toBeUndefined();
});

test("the folders are the package's, those of DREAMGRID_MODELS in order, the cache", () => {
  const env = { DREAMGRID_MODELS: "/a:/b::", DREAMGRID_CACHE: "/c" };
  expect(defaultFolders(env).slice(1)).toEqual(["/a", "/b", "/c"]);
  expect(defaultFolders(env)[0]).toMatch(/\/models$/);
  expect(cacheFolder({ XDG_CACHE_HOME: "/x", HOME: "/h" })).toBe("/x/dreamgrid");
  expect(cacheFolder({})).toMatch(/\/\.cache\/dreamgrid$/);
  const nobody = () => {
    throw new Error("uv_os_homedir returned ENOENT (no such file or directory)");
  };
  expect(cacheFolder({ DREAMGRID_CACHE: "/c" }, nobody)).toBe("/c");
  expect(() => cacheFolder({}, nobody)).toThrow(/no home folder.*in DREAMGRID_CACHE$/);
});

test("the description of the first folder counts, the model may be in any", async () => {
  const { first, second, cache, folders } = await threeFolders();
  await writeNetwork(first, "net", {
    "network.json": descriptionText("net", [
      describeFile("a.onnx", MODEL),
      describeFile("b.onnx", OTHER_MODEL),
    ]),
    "labels.txt": "from the description's folder",
  });
  await writeNetwork(second, "net", { "b.onnx": OTHER_MODEL, "network.json": "{}" });
  const options = { folders, cacheFolder: cache };
  const network = await openNetwork("net", options);
  expect(network.modelPath).toBe(join(second, "net", "b.onnx"));
  expect(network.file).toMatchObject({ file: "b.onnx", sha256: sha256(OTHER_MODEL) });
  expect(network.labels).toEqual(["from the description's folder"]);

  // an earlier folder goes before an earlier file; labels beside the model before others
  await writeNetwork(cache, "net", { "a.onnx": MODEL });
  await writeNetwork(second, "net", { "labels.txt": "beside the model" });
  expect(await openNetwork("net", options)).toMatchObject({
    modelPath: join(second, "net", "b.onnx"),
    labels: ["beside the model"],
  });
  await writeNetwork(second, "net", { "a.onnx": MODEL });
  expect((await openNetwork("net", options)).modelPath).toBe(join(second, "net", "a.onnx"));
});

test("labels that are not there are no error", async () => {
  const { first, cache } = await threeFolders();
  const description = descriptionText("net", [describeFile("a.onnx", MODEL)]);
  await writeNetwork(first, "net", { "network.json": description, "a.onnx": MODEL });
  const network = await openNetwork("net", { folders: [first], cacheFolder: cache });
  expect(network.labels).toBeNull();
});

test("a model with other bytes is an error, even if another copy is good", async () => {
  const { first, second, cache, folders } = await threeFolders();
  const description = descriptionText("net", [describeFile("a.onnx", MODEL)]);
  await writeNetwork(first, "net", { "network.json": description, "a.onnx": OTHER_MODEL });
  await writeNetwork(second, "net", { "a.onnx": MODEL });
  const opened = openNetwork("net", { folders, cacheFolder: cache });
  await expect(opened).rejects.toThrow(IntegrityError);
  await expect(opened).rejects.toThrow(sha256(OTHER_MODEL));
  await expect(opened).rejects.toThrow("4000 bytes where 5000 are expected");
});

test("a model changed after it was checked is checked again", async () => {
  const { first, cache } = await threeFolders();
  const description = descriptionText("net", [describeFile("a.onnx", MODEL)]);
  await writeNetwork(first, "net", { "network.json": description, "a.onnx": MODEL });
  const options = { folders: [first], cacheFolder: cache };
  await openNetwork("net", options);
  const path = join(first, "net", "a.onnx");
  await writeFile(
    path,
    Uint8Array.from(MODEL, (byte) => byte ^ 1),
  );
  await utimes(path, new Date(), new Date(Date.now() + 5000));
  await expect(openNetwork("net", options)).rejects.toThrow(IntegrityError);
});

test("a model found nowhere is fetched into the cache, once", async () => {
  const { first, cache } = await threeFolders();
  let requests = 0;
  const url = await serve((_, response) => {
    requests++;
    response.end(MODEL);
  });
  const files = [describeFile("x.onnx", OTHER_MODEL), describeFile("a.onnx", MODEL, `${url}/a`)];
  await writeNetwork(first, "net", { "network.json": descriptionText("net", files) });
  const options = { folders: [first], cacheFolder: cache };
  expect((await openNetwork("net", options)).modelPath).toBe(join(cache, "net", "a.onnx"));
  await openNetwork("net", options);
  expect(requests).toBe(1);
  expect(await filesIn(cache)).toEqual(["net/a.onnx"]);
});

test("offline, the message says what to do", async () => {
  const { first, cache } = await threeFolders();
  const address = `${await deadAddress()}/a.onnx`;
  const files = [describeFile("a.onnx", MODEL, address), describeFile("b.onnx", OTHER_MODEL)];
  await writeNetwork(first, "net", { "network.json": descriptionText("net", files) });
  const opened = openNetwork("net", { folders: [first], cacheFolder: cache });
  await expect(opened).rejects.toThrow(`cannot download ${address}: `);
  await expect(opened).rejects.toThrow(`download it yourself to ${join(cache, "net", "a.onnx")}`);
  await expect(opened).rejects.toThrow(
    "set DREAMGRID_MODELS to a folder that holds net/a.onnx or net/b.onnx",
  );
  expect(await filesIn(cache)).toEqual([]);
});

test("a model without an address has to be there", async () => {
  const { first, cache } = await threeFolders();
  const description = descriptionText("net", [describeFile("a.onnx", MODEL)]);
  await writeNetwork(first, "net", { "network.json": description });
  await expect(openNetwork("net", { folders: [first], cacheFolder: cache })).rejects.toThrow(
    /no address to fetch it from; set DREAMGRID_MODELS to a folder that holds net\/a\.onnx$/,
  );
});

test("an unknown id is refused with the nearest one, and never leaves the folders", async () => {
  const { first, cache } = await threeFolders();
  const description = descriptionText("emojinet", [describeFile("a.onnx", MODEL)]);
  await writeNetwork(first, "emojinet", { "network.json": description });
  const options = { folders: [join(first, "emojinet"), first], cacheFolder: cache };
  await expect(openNetwork("emojnet", options)).rejects.toThrow(
    /no network is called 'emojnet' in [^(;]+ \(did you mean 'emojinet'\?\); give the path/,
  );
  await expect(openNetwork("qqq", options)).rejects.toThrow(/; known are: emojinet; give/);
  for (const id of ["../emojinet", "", ".", "a/b"]) {
    await expect(openNetwork(id, options)).rejects.toThrow(NetworkNotFoundError);
  }
});

test("a broken description stops its own network and the list, nothing else", async () => {
  const { first, cache } = await threeFolders();
  const good = descriptionText("good", [describeFile("a.onnx", MODEL)]);
  await writeNetwork(first, "good", { "network.json": good, "a.onnx": MODEL });
  await writeNetwork(first, "json", { "network.json": "{ no" });
  await writeNetwork(first, "renamed", { "network.json": good });
  await mkdir(join(first, "no-description"));
  // as what another user keeps there, these cannot be read
  await mkdir(join(first, "folder", "network.json"), { recursive: true });
  await symlink("loop", join(first, "loop"));
  const options = { folders: [first], cacheFolder: cache };

  await expect(openNetwork("good", options)).resolves.toMatchObject({
    description: { id: "good" },
  });
  await expect(openNetwork("json", options)).rejects.toThrow(/json\/network\.json is not JSON: /);
  await expect(openNetwork("renamed", options)).rejects.toThrow(
    "its id is 'good' but its folder 'renamed'",
  );
  await expect(listNetworks(options)).rejects.toThrow(DescriptionError);
  const survey = await surveyNetworks([first, join(first, "is-not-there")]);
  expect(survey.map(({ kind, id }) => [kind, id])).toEqual([
    ["broken", "folder"],
    ["network", "good"],
    ["broken", "json"],
    ["broken", "loop"],
    ["broken", "renamed"],
  ]);
  expect(survey[0]).toHaveProperty(
    "error.message",
    expect.stringMatching(/folder\/network\.json cannot be read: EISDIR/),
  );
  const path = join(first, "no-description", "net.onnx");
  await writeFile(path, tinyModel());
  expect((await openNetwork(path, options)).description.id).toBe("net");
});

test("the list has each id once, from the first folder, in order", async () => {
  const { first, second, cache } = await threeFolders();
  await writeNetwork(first, "b", licensed("b", "first"));
  await writeNetwork(second, "b", licensed("b", "second"));
  await writeNetwork(second, "a", licensed("a", "second"));
  const listed = await listNetworks({ folders: [first, second, cache] });
  expect(listed.map(({ id, licence }) => [id, licence])).toEqual([
    ["a", "second"],
    ["b", "first"],
  ]);
});

test("a plain file is a network with defaults, and says so", async () => {
  const folder = await temporaryFolder();
  const path = join(folder, "My net (v2).ONNX");
  const bytes = tinyModel([1, 3, 48, null]);
  await writeFile(path, bytes);
  const network = await openNetwork(path, { folders: [], cacheFolder: folder });
  expect(network).toMatchObject({
    modelPath: path,
    labels: null,
    description: {
      id: "My-net-v2",
      files: [{ sha256: sha256(bytes), sizeBytes: bytes.length, source: null }],
      input: {
        name: "picture",
        height: 48,
        width: 224,
        channelOrder: "RGB",
        mean: [128, 128, 128],
        scale: [1, 1, 1],
      },
    },
  });
  expect(network.notice).toContain(
    "assuming RGB, 0..255 minus 128, although most networks from PyTorch want torchvision; to say",
  );
});

test("a plain file with the bytes of a known network is that network", async () => {
  const { first, second, cache } = await threeFolders();
  const bytes = tinyModel();
  const description = descriptionText("net", [describeFile("net.onnx", bytes)]);
  await writeNetwork(first, "net", { "network.json": description, "labels.txt": "cat\ndog" });
  await writeNetwork(second, "copy", { "other.onnx": bytes });
  const path = join(second, "copy", "other.onnx");
  const known = await openNetwork(path, { folders: [first], cacheFolder: cache });
  expect(known).toMatchObject({
    description: { id: "net" },
    modelPath: path,
    labels: ["cat", "dog"],
  });
  expect(known.notice).toBeUndefined();

  // in a folder of networks that is not searched, its own description is beside it
  await writeNetwork(first, "net", { "net.onnx": bytes });
  const own = await openNetwork(join(first, "net", "net.onnx"), {
    folders: [],
    cacheFolder: cache,
  });
  expect(own.description.input.channelOrder).toBe("BGR");
  // but no one else's, which lies beside that folder
  const beside = join(first, "mine", "net.onnx");
  await writeNetwork(first, "mine", { "net.onnx": bytes });
  const mine = await openNetwork(beside, { folders: [], cacheFolder: cache });
  expect(mine.description.input.channelOrder).toBe("RGB");
  // negative control: out of reach of the description the defaults hold
  const unknown = await openNetwork(path, { folders: [], cacheFolder: cache });
  expect(unknown.description.input.channelOrder).toBe("RGB");
});

test("a path to nothing and a model without images are refused", async () => {
  const folder = await temporaryFolder();
  const options = { folders: [], cacheFolder: folder };
  await expect(openNetwork(join(folder, "no.onnx"), options)).rejects.toThrow("there is no file");
  const grey = join(folder, "grey.onnx");
  await writeFile(grey, tinyModel([1, 1, 28, 28]));
  await expect(openNetwork(grey, options)).rejects.toThrow(
    "its image is 'picture' float32 [1, 1, 28, 28], and the weights of Conv 'sums' want 3 planes",
  );
  const text = join(folder, "text.onnx");
  await writeFile(text, "not a model");
  await expect(openNetwork(text, options)).rejects.toThrow(text);
});
