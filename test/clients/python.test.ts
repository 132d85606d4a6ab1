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

/** With a proxy that leads nowhere, which nothing on this machine may be asked through. */
function pythonEnvironment(): NodeJS.ProcessEnv {
  const proxy = { http_proxy: "http://127.0.0.1:9", no_proxy: "", NO_PROXY: "" };
  return { ...process.env, ...proxy, PYTHONPATH: CLIENT, PYTHONDONTWRITEBYTECODE: "1" };
}

/** What a person would do in a notebook; prints what came of it. */
const SCRIPT = `
import dreamgrid, json, os, sys
from decimal import Decimal
from dreamgrid import Client, DreamgridError

dreamgrid.POLL = 0.1
url, photo = sys.argv[1:]
client = Client(url + "/")
said = {"networks": [network["id"] for network in client.networks()]}
said["layers"] = [layer["name"] for layer in client.layers("tiny")]
dry = client.estimate("tiny", "wide", "1:5", numIterations=2, pyramidLevels=1)
said["dry"] = [dry["total"], dry["estimate"]["coreSeconds"] > 0, list(client.jobs()) == []]
job = client.render("tiny", "wide", "1:5", numIterations=2, pyramidLevels=1).wait(3600)
said["again"] = client.render("tiny", "wide", "1:5", numIterations=2, pyramidLevels=1).id == job.id
said["status"] = job.status()["state"]
said["channels"] = [each["channel"] for each in job.channels()]
said["sheet"] = job.sheet().data[:4].decode("latin1")
said["tile"] = job.tile(3).data[:4].decode("latin1")
said["repr"] = repr(type(job.tile(3))(b"RIFF56"))
said["shown"] = sorted(job._repr_mimebundle_())
said["manifest"] = len(job.manifest()["tiles"])
said["jobs"] = [each.id for each in client.jobs()] == [job.id]
said["initial"] = client.upload(photo)
why = client.explain("tiny", said["initial"], "snail", "wide", pixels={"steps": 2})
said["why"] = [why["class"]["label"], why["layer"]["name"], why["mapSize"], why["pixels"]["steps"]]
said["pixels"] = why["pixels"]["map"].media_type
made = client.circuit("tiny", "classes", 2, limit=3)
said["circuit"] = [made["layer"]["name"], made["count"], len(made["sources"]), made["sources"][0]["layer"]["name"]]
# an index that is no int, as NumPy's
said["index"] = client.circuit("tiny", Decimal(made["layer"]["index"]), 2, limit=3) == made
started = client.render("tiny", "wide", range(2, 3), pyramidLevels=1, initialImage=said["initial"])
small = client.render("tiny", "wide", "1:2", pyramidLevels=1, montage={"format": "webp"}).wait(3600)
said["webp"] = [small.sheet().data[8:12].decode("latin1"), sorted(small._repr_mimebundle_())]
said["started"] = started.wait(3600).status()["ok"]
named = client.render("tiny", "wide", [1], idempotency_key="mine").id
said["named"] = named
said["picture"] = client.call("GET", f"/jobs/{job.id}/tiles/3")["url"].split("?")[0][-9:]
moving = client.render("tiny", "wide", [1], numIterations=2, pyramidLevels=1, animation="gif").wait(3600)
said["moving"] = sorted(moving.animation(1)._repr_mimebundle_())
class Numbers:  # as NumPy's arrays and numbers
    def __init__(self, value): self.value = value
    def tolist(self): return self.value
said["numpy"] = client.render("tiny", Numbers("wide"), Numbers([1]), idempotency_key="numpy").id
def leading_to(link):  # a service that gives such a link
    other = Client(url)
    other.call = lambda method, path: {"url": link}
    return other
def error_of(act):
    try:
        act()
    except Exception as error:
        return [type(error).__name__, str(error).split(": <")[0], getattr(error, "status", None)]
said["errors"] = [
    error_of(lambda: job.animation(1)),
    error_of(lambda: client.job("none").tile(1)),
    error_of(lambda: client.job("none").sheet()),
    error_of(lambda: Client("localhost:8787")),
    error_of(lambda: Client("http://127.0.0.1:1").networks()),
    error_of(lambda: client.explain("tiny", said["initial"], 99)),
    error_of(lambda: client.circuit("tiny", "narrow", 1)),
    error_of(lambda: client.render("tiny", "wide", {1})),
    error_of(lambda: leading_to("file:///etc/hostname").job("any").tile(1)),
]
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
      { env: pythonEnvironment() },
    );
    service.process.kill("SIGTERM");
    await once(service.process, "exit");
    expect(JSON.parse(stdout)).toEqual({
      networks: expect.arrayContaining(["emojinet", "tiny"]),
      layers: expect.arrayContaining(["wide"]),
      dry: [5, true, true],
      again: true,
      status: "completed",
      channels: [1, 2, 3, 4, 5],
      sheet: "\u0089PNG",
      tile: "\u0089PNG",
      repr: "Image(image/webp, 6 bytes)",
      shown: ["image/png", "text/plain"],
      manifest: 5,
      jobs: true,
      initial: expect.stringMatching(/^uploads\//),
      why: ["snail", "wide", [16, 20], 2],
      pixels: "image/png",
      circuit: ["classes", 12, 3, "wide"],
      index: true,
      webp: ["WEBP", ["image/webp", "text/plain"]],
      started: 1,
      named: "mine",
      refused: [400, expect.arrayContaining([expect.stringMatching(/^seed: given -1/)])],
      picture: "00003.png",
      moving: ["image/gif"],
      numpy: "numpy",
      errors: [
        ["ValueError", expect.stringMatching(/^channel 1 of job '.*' has no animation$/), null],
        ["ValueError", "there is no job 'none'", null],
        ["ValueError", "there is no job 'none'", null],
        ["ValueError", expect.stringMatching(/^url: given 'localhost:8787'; wanted/), null],
        ["DreamgridError", "no answer from http://127.0.0.1:1/networks", 0],
        ["DreamgridError", "class: given 99; wanted channels 1 to 5 of layer 'classes'", 200],
        ["DreamgridError", "network 'tiny' has no layer 'narrow'", 404],
        ["TypeError", "set {1} cannot be part of a request", null],
        ["DreamgridError", "the service's link is no address of the web: file:///etc/hostname", 0],
      ],
      missing: expect.stringMatching(/has no channel 77/),
    });
  },
);

/** Of what the API is sent, whatever a user's own headers say. */
const JSON_TYPE = "application/json";

/** Answers as a service does that is out of reach now and then, and tells what it was sent. */
const UNSTEADY = `
import dreamgrid, http.server, json, threading
from dreamgrid import Client, DreamgridError

dreamgrid.POLL = 0.01
answers, sent = [], []

class Service(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        sent.append([self.path, self.headers.get("x-api-key"), self.headers.get("content-type")])
        code, state = answers.pop(0) if len(answers) > 1 else answers[0]
        if code == 0:
            return self.connection.close()
        said = {"state": state, "ok": 1, "total": 2, "channels": [], "url": "/link"}
        body = state if state.startswith("<") else json.dumps(said)
        self.send_response(code)
        self.send_header("Location", "/link")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())
    def log_message(self, *_): pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = Client(f"http://127.0.0.1:{server.server_port}", {"x-api-key": "secret"})

def outcome(*script, timeout=None, patience=60):
    answers[:] = script
    dreamgrid.PATIENCE = patience
    try:
        return client.job("j").wait(timeout).id
    except Exception as error:
        return [type(error).__name__, getattr(error, "status", None)]

said = {
    "outage": outcome((200, "running"), (504, ""), (429, ""), (0, ""), (200, "<p>"), (200, "completed")),
    "gone": outcome((200, "running"), (404, "")),
    "longer": outcome((200, "running"), (503, ""), patience=0.05),
    "never": outcome((503, "")),
    "elsewhere": outcome((200, "<p>")),
    "late": outcome((200, "running"), timeout=0.05),
}
answers[:], sent[:] = [(302, "")], []
said["redirect"] = [client.call("GET", "/jobs/j/tiles/1")["url"], list(sent)]
answers[:], sent[:] = [(200, "")], []
for stage, path in [("/prod", "/jobs"), ("/prod", "/prod/jobs?page=2"), ("/job", "/jobs")]:
    Client(client.url + stage, {"content-type": "text/plain"}).call("GET", path)
said["staged"] = [path for path, *_ in sent]
said["types"] = [media_type for *_, media_type in sent]
print(json.dumps(said))
`;

test.skipIf(!isThere)(
  "waiting outlasts a service out of reach, and no link sees a key",
  async () => {
    const file = join(await temporaryFolder(), "unsteady.py");
    await writeFile(file, UNSTEADY);
    const { stdout } = await promisify(execFile)("python3", [file], { env: pythonEnvironment() });
    expect(JSON.parse(stdout)).toEqual({
      outage: "j",
      gone: ["DreamgridError", 404],
      longer: ["DreamgridError", 503],
      never: ["DreamgridError", 503],
      elsewhere: ["DreamgridError", 0],
      late: ["TimeoutError", null],
      redirect: ["/link", [["/jobs/j/tiles/1", "secret", JSON_TYPE]]],
      staged: ["/prod/jobs", "/prod/jobs?page=2", "/job/jobs"],
      types: [JSON_TYPE, JSON_TYPE, JSON_TYPE],
    });
  },
);
