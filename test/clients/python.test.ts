import { execFile, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

import { expect, test } from "vitest";

import { encodePng } from "../../lib/image/png.ts";
import { startServe } from "../local/start-serve.ts";
import { temporaryFolder } from "../networks/temporary-folder.ts";
import { tinyNetwork } from "../support/tiny-network.ts";

const CLIENT = resolve("clients/python");
const isThere =
  spawnSync("python3", ["-c", "import sys; sys.exit(sys.version_info < (3, 9))"]).status === 0;
if (!isThere)
  process.stderr.write("the Python client is not tested: there is no Python of 3.9 or later\n");

/** What a person would do in a notebook; prints what came of it. */
const SCRIPT = `
import json, sys
from dreamgrid import Client, DreamgridError

url, photo = sys.argv[1:]
client = Client(url + "/")
said = {"networks": [network["id"] for network in client.networks()]}
said["layers"] = [layer["name"] for layer in client.layers("tiny")]
job = client.render("tiny", "wide", "1:5", numIterations=2, pyramidLevels=1).wait(60)
said["again"] = client.render("tiny", "wide", "1:5", numIterations=2, pyramidLevels=1).id == job.id
said["status"] = job.status()["state"]
said["channels"] = [each["channel"] for each in job.channels()]
said["sheet"] = job.sheet().data[:4].decode("latin1")
said["tile"] = job.tile(3).data[:4].decode("latin1")
said["shown"] = sorted(job._repr_mimebundle_())
said["manifest"] = len(job.manifest()["tiles"])
said["jobs"] = [each.id for each in client.jobs()] == [job.id]
said["initial"] = client.upload(photo)
started = client.render("tiny", "wide", [2], pyramidLevels=1, initialImage=said["initial"])
small = client.render("tiny", "wide", "1:2", pyramidLevels=1, montage={"format": "webp"}).wait(60)
said["webp"] = [small.sheet().data[8:12].decode("latin1"), sorted(small._repr_mimebundle_())]
said["started"] = started.wait(60).status()["ok"]
named = client.render("tiny", "wide", [1], idempotency_key="mine").id
said["named"] = named
try:
    client.render("tiny", "wide", [99], seed=-1)
except DreamgridError as error:
    said["refused"] = [error.status, error.problems]
try:
    job.tile(77)
except ValueError as error:
    said["missing"] = str(error)
print(json.dumps(said))
`;

test.skipIf(!isThere)(
  "the Python client renders, waits, shows and says what is wrong",
  async () => {
    const folder = await temporaryFolder();
    await tinyNetwork(folder, { wideChannels: 12 });
    const photo = join(folder, "photo.png");
    const pixels = { width: 40, height: 30, data: new Uint8Array(3600).fill(90) };
    await writeFile(photo, await encodePng(pixels));
    await writeFile(join(folder, "script.py"), SCRIPT);
    const plan = { log: "log", hangsAfter: Infinity, recoverySeconds: 600 };
    const service = await startServe(folder, plan);
    const { stdout } = await promisify(execFile)(
      "python3",
      ["-W", "error", join(folder, "script.py"), service.apiUrl, photo],
      { env: { ...process.env, PYTHONPATH: CLIENT, PYTHONDONTWRITEBYTECODE: "1", no_proxy: "*" } },
    );
    service.process.kill("SIGTERM");
    await once(service.process, "exit");
    expect(JSON.parse(stdout)).toEqual({
      networks: expect.arrayContaining(["emojinet", "tiny"]),
      layers: expect.arrayContaining(["wide"]),
      again: true,
      status: "completed",
      channels: [1, 2, 3, 4, 5],
      sheet: "\u0089PNG",
      tile: "\u0089PNG",
      shown: ["image/png", "text/plain"],
      manifest: 5,
      jobs: true,
      initial: expect.stringMatching(/^uploads\//),
      webp: ["WEBP", ["image/webp", "text/plain"]],
      started: 1,
      named: "mine",
      refused: [400, expect.arrayContaining([expect.stringMatching(/^seed: given -1/)])],
      missing: expect.stringMatching(/has no channel 77/),
    });
  },
);
