import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";

import { transformSync } from "esbuild";
import { expect, onTestFinished, test } from "vitest";

import { type JsonSchema, typeOf } from "../../../local/client/schema-type.ts";
import { temporaryFolder } from "../../networks/temporary-folder.ts";
import { startTinyService } from "../../web/tiny-service.ts";
import { run } from "../cli/command-line.ts";

const TSC = resolve("node_modules/typescript/bin/tsc");

/** What a project's `fetch` is of: a browser, or Node without anything of a browser. */
const PLATFORMS = {
  browser: ["--lib", "es2023,dom", "--types", ""],
  node: ["--lib", "es2023", "--types", "node", "--typeRoots", resolve("node_modules/@types")],
};

/** Strictly, with what stricter projects switch on besides. @throws with what is wrong */
async function compile(folder: string, ...files: readonly string[]): Promise<void> {
  const flags =
    "--strict --noUncheckedIndexedAccess --exactOptionalPropertyTypes --noUnusedLocals --skipLibCheck --target es2022 --module nodenext";
  // both end before the folder goes, also where one fails
  const compiled = await Promise.allSettled(
    Object.values(PLATFORMS).map((platform) =>
      promisify(execFile)(process.execPath, [TSC, ...flags.split(" "), ...platform, ...files], {
        cwd: folder,
      }),
    ),
  );
  for (const each of compiled) if (each.status === "rejected") throw each.reason;
}

/** As a user would write it; its types are what the test is about. */
const USE = `
import { Dreamgrid, DreamgridError, type Job } from "./client.js";

export async function use(url: string) {
  const api = new Dreamgrid({ url });
  const request = { network: "tiny", layer: "wide", channels: "1:3", numIterations: 2 };
  const dry = await api.createJob(request, { dryRun: true });
  const before = (await api.listJobs()).jobs.length;
  const { jobId, total } = await api.createJob(request, { "Idempotency-Key": "mine" });
  let job: Job = await api.getJob(jobId, { offset: 1, limit: 2 });
  while (job.completedAt === null) job = await api.getJob(jobId, { offset: 1, limit: 2 });
  const tile: Blob = await api.getTile(jobId, 3);
  const [network] = (await api.listNetworks()).networks;
  const problems: ReadonlyArray<string> = await api
    .createJob({ ...request, numIterations: -1 })
    .then(() => [], (error: unknown) => (error instanceof DreamgridError ? error.problems : []));
  return { jobId, total, dry: [before, dry.total], channels: job.channels.map((each) => each.channel), tile, network, problems };
}
`;

test("the printed client compiles strictly, and speaks to the local server", async () => {
  const folder = await temporaryFolder();
  const { code, stdout } = await run("client");
  expect(code).toBe(0);
  await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  await writeFile(join(folder, "client.ts"), stdout);
  await writeFile(join(folder, "use.ts"), USE);
  await compile(folder, "use.ts");
  const service = await startTinyService();
  onTestFinished(() => service.stop());
  const { use } = (await import(pathToFileURL(join(folder, "use.js")).href)) as {
    use: (url: string) => Promise<Readonly<Record<string, unknown>> & { readonly tile: Blob }>;
  };
  const { tile, ...answers } = await use(service.url);
  expect(answers).toMatchObject({
    jobId: "mine",
    total: 3,
    dry: [0, 3],
    channels: [2, 3],
    network: { id: "tiny" },
    problems: [expect.stringMatching(/^numIterations: given -1/)],
  });
  const png = new Uint8Array(await tile.arrayBuffer());
  expect(Buffer.from(png.subarray(1, 4)).toString()).toBe("PNG");
});

/** Listens on this machine until the test has ended. @returns its address */
async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** What the tests call of the printed client. */
interface Client {
  createJob(body: object, options?: object): Promise<unknown>;
  listNetworks(): Promise<unknown>;
  getJob(jobId: string, options?: object): Promise<unknown>;
  getTile(jobId: string, channel: number): Promise<Blob>;
}

/** The printed client as a module, its types left out. */
async function printedClient(): Promise<new (options?: object) => Client> {
  const file = join(await temporaryFolder(), "client.mjs");
  const { code } = transformSync((await run("client")).stdout, { loader: "ts" });
  await writeFile(file, code);
  return ((await import(pathToFileURL(file).href)) as { Dreamgrid: new () => Client }).Dreamgrid;
}

/** Answers that come one after the other, and what was asked for each. */
function answering(...answers: readonly (object | Error)[]) {
  const asked: (readonly [url: string, init: object])[] = [];
  const left = [...answers];
  const answer = (url: string, init: object) => {
    asked.push([url, init]);
    const next = left.shift()!;
    return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
  };
  return { asked, fetch: answer };
}

test("what is asked has an address, headers and a body, and nothing of what was not given", async () => {
  const Dreamgrid = await printedClient();
  const { asked, fetch } = answering(...[1, 2, 3].map((n) => Response.json({ n })));
  const headers = { "x-api-key": "secret" };
  const client = new Dreamgrid({ url: "http://host/prod/", headers, fetch });
  expect(await client.getJob("a/b", { offset: undefined, limit: 2 })).toEqual({ n: 1 });
  expect(await client.createJob({ layer: 2 }, { "Idempotency-Key": "é" })).toEqual({ n: 2 });
  expect(await new Dreamgrid({ fetch }).listNetworks()).toEqual({ n: 3 });
  expect(asked).toEqual([
    ["http://host/prod/jobs/a%2Fb?limit=2", { method: "GET", redirect: "follow", headers }],
    [
      "http://host/prod/jobs",
      {
        method: "POST",
        redirect: "follow",
        headers: { ...headers, "Idempotency-Key": "é", "Content-Type": "application/json" },
        body: '{"layer":2}',
      },
    ],
    ["http://127.0.0.1:8787/networks", { method: "GET", redirect: "follow", headers: {} }],
  ]);
});

test("what goes wrong is told, whoever answers", async () => {
  const Dreamgrid = await printedClient();
  const told = async (answer: object | Error) => {
    const { fetch } = answering(answer);
    const failed = new Dreamgrid({ url: "http://host", fetch })
      .getJob("a")
      .catch((e: unknown) => e);
    const { name, message, status, problems } = (await failed) as Record<string, unknown>;
    return { name, message, status, problems };
  };
  const wrong = (status: number, ...problems: readonly string[]) => ({
    name: "DreamgridError",
    message: problems.join("; "),
    status,
    problems,
  });
  const at = "http://host/jobs/a";
  const problem = Response.json({ problems: ["one", "two"] }, { status: 409 });
  expect(await told(problem)).toEqual(wrong(409, "one", "two"));
  // a proxy: of no JSON, and of some of its own
  const page = new Response("x".repeat(201), { status: 502 });
  expect(await told(page)).toEqual(wrong(502, `HTTP status 502 of ${at}: ${"x".repeat(200)}`));
  expect(await told(new Response("<p>Sign in"))).toEqual(
    wrong(200, "the answer is not the API's: <p>Sign in"),
  );
  const forbidden = Response.json({ message: "Forbidden" }, { status: 403 });
  const said = `HTTP status 403 of ${at}: {"message":"Forbidden"}`;
  expect(await told(forbidden)).toEqual(wrong(403, said));
  const refused = new TypeError("fetch failed");
  expect(await told(refused)).toEqual(
    wrong(0, `nothing answers at ${at}: TypeError: fetch failed`),
  );
});

test("a browser, which does not tell where it was sent, goes there itself", async () => {
  const Dreamgrid = await printedClient();
  const hidden = { type: "opaqueredirect", ok: false, status: 0 };
  const { asked, fetch } = answering(hidden, new Response("a picture"));
  const picture = await new Dreamgrid({ url: "http://host", fetch }).getTile("j", 1);
  expect(await picture.text()).toBe("a picture");
  expect(asked).toMatchObject([
    ["http://host/jobs/j/tiles/1", { redirect: "manual" }],
    ["http://host/jobs/j/tiles/1", { redirect: "follow" }],
  ]);
});

test("the link of a picture is asked without the headers and signatures of the API", async () => {
  const Dreamgrid = await printedClient();
  const asked: (readonly [path: string, key: unknown, signed: unknown])[] = [];
  const tell = ({ url = "", headers }: IncomingMessage) => {
    asked.push([url, headers["x-api-key"] ?? null, headers["x-amz-date"] ?? null]);
  };
  const bucket = await listen((incoming, outgoing) => {
    tell(incoming);
    outgoing.writeHead(incoming.url?.startsWith("/gone") ? 403 : 200).end("a picture");
  });
  const api = await listen((incoming, outgoing) => {
    tell(incoming);
    const url = bucket + (incoming.url?.endsWith("/2") ? "/gone?X-Amz-Signature=1" : "/link");
    outgoing.writeHead(302, { Location: url }).end(JSON.stringify({ url }));
  });
  const client = new Dreamgrid({
    url: api,
    headers: { "x-api-key": "secret" },
    fetch: (
      url: string,
      init: Omit<RequestInit, "headers"> & { headers: Record<string, string> },
    ) => fetch(url, { ...init, headers: { ...init.headers, "x-amz-date": "now" } }),
  });
  expect(await (await client.getTile("j", 1)).text()).toBe("a picture");
  await expect(client.getTile("j", 2)).rejects.toMatchObject({
    status: 403,
    problems: [`HTTP status 403 of ${bucket}/gone: a picture`],
  });
  expect(asked).toEqual([
    ["/jobs/j/tiles/1", "secret", "now"],
    ["/link", null, null],
    ["/jobs/j/tiles/2", "secret", "now"],
    ["/gone?X-Amz-Signature=1", null, null],
  ]);
});

test("what the API does not take does not compile", async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  await writeFile(join(folder, "client.ts"), (await run("client")).stdout);
  await writeFile(
    join(folder, "wrong.ts"),
    `import { Dreamgrid } from "./client.js";
     const api = new Dreamgrid();
     await api.createJob({ network: "tiny", layer: true, channels: "1:3" });
     console.log((await api.getJob("mine")).chanels);`,
  );
  const failed = await compile(folder, "wrong.ts").catch((error: unknown) => error);
  const { stdout } = failed as { readonly stdout: string };
  expect(stdout).toContain("wrong.ts(3,");
  expect(stdout).toMatch(/wrong\.ts\(4,.*chanels/);
});

test("the example of the client's README compiles", async () => {
  const folder = await temporaryFolder();
  const [, example = ""] =
    /```ts\n([^]*?)```/.exec(await readFile("clients/typescript/README.md", "utf8")) ?? [];
  expect(example).toContain("dreamgrid-client");
  await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  await writeFile(join(folder, "dreamgrid-client.ts"), (await run("client")).stdout);
  const used = "console.log(job, picture, DreamgridError);";
  await writeFile(join(folder, "example.ts"), example.replace("-client.ts", "-client.js") + used);
  await compile(folder, "example.ts");
});

test("types are those of the schemas; what is not known is refused", () => {
  const object = { type: "object", properties: { a: { type: "integer", minimum: 2 } } };
  expect(typeOf({ ...object, required: ["a"] })).toBe('{\n  /** at least 2 */\n  "a": number;\n}');
  expect(typeOf({ anyOf: [{ type: "null" }, { const: "x" }] })).toBe('null | "x"');
  expect(typeOf({ type: ["integer", "null"], minimum: 1 })).toBe("number | null");
  expect(typeOf({ type: "array", items: { enum: [1, "b"] } })).toBe('Array<1 | "b">');
  expect(typeOf({ prefixItems: [{ type: "number" }, {}], type: "array" })).toBe(
    "[number, unknown]",
  );
  expect(typeOf({ type: "object", additionalProperties: { type: "string" } })).toBe(
    "Record<string, string>",
  );
  expect(typeOf({ $ref: "#/components/schemas/Job" })).toBe("Job");
  expect([0, null, ""].map((each) => typeOf({ const: each }))).toEqual(["0", "null", '""']);
  const alike = [{ type: "number" }, { type: "integer" }, { type: "boolean" }];
  expect(typeOf({ oneOf: alike })).toBe("number | boolean");
  expect(typeOf({ type: "array" })).toBe("Array<unknown>");
  expect(typeOf({ type: "object" })).toBe("Record<string, never>");
  expect(typeOf({ ...object, additionalProperties: { type: "string" } })).toBe(
    '{\n  /** at least 2 */\n  "a"?: number;\n} & Record<string, string>',
  );
  const commentOn = (field: JsonSchema) =>
    typeOf({ type: "object", properties: { a: { type: "number", ...field } } }).split("\n")[1];
  expect(
    commentOn({ description: "ends */ it", exclusiveMinimum: 0, maximum: 5, default: 3 }),
  ).toBe("  /** ends * / it; more than 0; at most 5; default 3 */");
  const [least, most] = [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER];
  expect(commentOn({ minimum: least, exclusiveMaximum: 1 })).toBe("  /** less than 1 */");
  expect(commentOn({ minimum: least, maximum: most })).toBe('  "a"?: number;');
  const odd = { description: "x", patternProperties: {} };
  expect(() => typeOf(odd)).toThrow(/no type for the schema/);
});
