import { execFileSync } from "node:child_process";
import { link, mkdir, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

import { describe, expect, test } from "vitest";

import { readModel } from "../../lib/onnx/decode.ts";
import { ModelError } from "../../lib/onnx/errors.ts";
import { temporaryFolder } from "../networks/temporary-folder.ts";
import { writeExternalModel } from "../support/external-model.ts";

const LOCATION = "net.onnx.data";

/** A model, with something else in place of the file with its weights. */
async function modelWith(replace: (path: string, root: string) => unknown) {
  const root = await temporaryFolder();
  await mkdir(join(root, "model"));
  const modelPath = await writeExternalModel(join(root, "model"), LOCATION);
  await replace(join(root, "model", LOCATION), root);
  return modelPath;
}

describe("a model makes us read no other file", () => {
  test("a link inside its folder is followed, and so is one to the model", async () => {
    const linked = await modelWith(async (path) => {
      await rename(path, `${path}.moved`);
      await symlink(`${path}.moved`, path);
    });
    const model = await readModel(linked);
    expect(model.graph.initializers.size).toBe(1);
    await symlink(linked, `${linked}.link.onnx`);
    expect(await readModel(`${linked}.link.onnx`)).toEqual(model);
  });

  test("in a cache of downloads model and weights are links to files that lie together", async () => {
    const path = await modelWith(() => undefined);
    const model = await readModel(path);
    const root = dirname(dirname(path));
    const snapshot = join(root, "snapshots", "1");
    await mkdir(snapshot, { recursive: true });
    await mkdir(join(root, "blobs"));
    const linked = join(snapshot, basename(path));
    const weights = join(snapshot, LOCATION);
    for (const name of [basename(path), LOCATION]) {
      await rename(join(root, "model", name), join(root, "blobs", `of ${name}`));
      await symlink(`../../blobs/of ${name}`, join(snapshot, name));
    }
    expect(await readModel(linked)).toEqual(model);
    // weights that lie elsewhere than the model's own file are none of it
    await rename(join(root, "blobs", `of ${LOCATION}`), join(root, "outside"));
    await rm(weights);
    await symlink("../../outside", weights);
    await expect(readModel(linked)).rejects.toThrow("it is a link that leads out of");
  });

  test.each([
    {
      what: "a link out of its folder",
      message: "it is a link that leads out of the model's folder",
      replace: async (path: string, root: string) => {
        await rename(path, join(root, "outside"));
        await symlink("../outside", path);
      },
    },
    {
      what: "a link to a device",
      message: "it is a link that leads out of the model's folder",
      replace: async (path: string) => {
        await rm(path);
        await symlink("/dev/zero", path);
      },
    },
    {
      what: "a pipe that nobody writes to",
      message: "it is no regular file",
      replace: async (path: string) => {
        await rm(path);
        execFileSync("mkfifo", [path]);
      },
    },
    {
      what: "a folder",
      message: "it is a folder",
      replace: async (path: string) => {
        await rm(path);
        await mkdir(path);
      },
    },
    {
      what: "a file of 3 GiB",
      message: "has 3221225472 bytes, and at most 2147483648 are read",
      // a hole: nothing is written
      replace: (path: string) => truncate(path, 3 * 2 ** 30),
    },
  ])("$what is refused", async ({ message, replace }) => {
    const reading = readModel(await modelWith(replace));
    await expect(reading).rejects.toThrow(ModelError);
    await expect(reading).rejects.toThrow(message);
  });

  test("a hard link is a file like any other", async () => {
    const path = await modelWith(async (data, root) => {
      await rename(data, join(root, "outside"));
      await link(join(root, "outside"), data);
    });
    expect((await readModel(path)).graph.initializers.size).toBe(1);
  });

  test("a model is a regular file too", async () => {
    const path = await modelWith(() => undefined);
    await rm(path);
    execFileSync("mkfifo", [path]);
    await expect(readModel(path)).rejects.toThrow("it is no regular file");
    await writeFile(`${path}.empty`, "");
    await expect(readModel(`${path}.empty`)).rejects.toThrow("the file is empty");
  });
});
