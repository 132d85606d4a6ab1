import { writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { GateMemory } from "../../../lib/optvis/runtime/gate-memory.ts";
import { temporaryFolder } from "../../networks/temporary-folder.ts";
import { run, runWith } from "./command-line.ts";

/** What a fake AWS tells; `null`: the account has no value of its own. */
interface Account {
  concurrency: number;
  unreserved: number;
  readonly vcpus: Record<string, number | null>;
}

let account: Account;
let server: Server;

beforeEach(async () => {
  account = { concurrency: 10, unreserved: 10, vcpus: {} };
  server = createServer((request, response) => {
    const target = String(request.headers["x-amz-target"] ?? "")
      .split(".")
      .at(-1);
    let body = "";
    request.on("data", (part) => (body += part));
    request.on("end", () => {
      const answer = (status: number, json: unknown, type?: string) => {
        if (type !== undefined) response.setHeader("x-amzn-errortype", type);
        response.writeHead(status, { "Content-Type": "application/x-amz-json-1.1" });
        response.end(JSON.stringify(json));
      };
      if (
        request.url?.endsWith("/account-settings/") ||
        request.url?.endsWith("/account-settings")
      ) {
        const { concurrency, unreserved } = account;
        return answer(200, {
          AccountLimit: {
            ConcurrentExecutions: concurrency,
            UnreservedConcurrentExecutions: unreserved,
          },
        });
      }
      const { QuotaCode } = JSON.parse(body) as { QuotaCode: string };
      const own = account.vcpus[QuotaCode];
      if (target === "GetAWSDefaultServiceQuota") return answer(200, { Quota: { Value: 0 } });
      if (target !== "GetServiceQuota" || own === undefined) {
        return answer(400, { __type: "AccessDeniedException", message: "no" });
      }
      return own === null
        ? answer(400, { __type: "NoSuchResourceException", message: "none" })
        : answer(200, { Quota: { Value: own } });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  vi.stubEnv("AWS_ENDPOINT_URL", `http://127.0.0.1:${port}`);
  vi.stubEnv("AWS_ACCESS_KEY_ID", "testing");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "testing");
});
afterEach(() => {
  vi.unstubAllEnvs();
  server.close();
});

const doctor = (...context: readonly string[]) =>
  runWith(
    { env: { AWS_REGION: "eu-central-1" } },
    "doctor",
    "--cloud",
    ...context.flatMap((setting) => ["-c", setting]),
  );

test("a new account has room for the stack as it is, and no more", async () => {
  const { code, stdout } = await doctor();
  expect(code).toBe(0);
  // 3 workers, two calls each of intake, assembler and dead-letter function, one of the API
  expect(stdout).toContain(
    "ok: Lambda concurrency: the account has 10, of them 10 for functions without a reservation; the stack takes up to 10 (3 workers and 7 others)",
  );
});

test("too many workers are refused with the number that fits", async () => {
  account = { ...account, concurrency: 40, unreserved: 30 };
  const { code, stdout, stderr } = await doctor("workerConcurrency=24", "workerMemory=7000");
  expect(code).toBe(1);
  expect(stdout).toMatch(
    /wrong: .*has 40, of them 30 .*up to 31 \(24 workers and 7 others\); deploy with -c workerConcurrency=23, or ask for 31/,
  );
  expect(stdout).toMatch(/note: Lambda memory: workers have 7000 MB; .*-c workerMemory=3008/);
  expect(stderr).toBe("dreamgrid: 1 of 2 quotas are too low\n");
  expect((await doctor("workerConcurrency=23")).code).toBe(0);
});

test("the region may be that of the AWS command line's profile", async () => {
  const config = join(await temporaryFolder(), "config");
  const keys = "aws_access_key_id = testing\naws_secret_access_key = testing\n";
  const profile = (name: string, region: string) => `[${name}]\nregion = ${region}\n${keys}`;
  await writeFile(config, profile("default", "eu-north-1") + profile("profile other", "sa-east-1"));
  for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]) vi.stubEnv(name, undefined);
  vi.stubEnv("AWS_CONFIG_FILE", config);
  vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", `${config}-none`);
  for (const name of ["AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"])
    vi.stubEnv(name, undefined);
  const ask = () => runWith({ env: {} }, "doctor", "--cloud", "-c", "gpu=batch");
  // the account tells nothing of GPUs, so that the region is named
  expect((await ask()).stderr).toContain("AWS does not tell the quotas of eu-north-1");
  vi.stubEnv("AWS_PROFILE", "other");
  expect((await ask()).stderr).toContain("AWS does not tell the quotas of sa-east-1");
  vi.stubEnv("AWS_PROFILE", undefined);
  vi.stubEnv("AWS_CONFIG_FILE", `${config}-none`);
  expect(await ask()).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("no region is known; give it with --region or AWS_REGION"),
  });
});

test("where the concurrency is too low for any stack, only a quota helps", async () => {
  account = { ...account, unreserved: 8 };
  const { code, stdout } = await doctor();
  expect(code).toBe(1);
  expect(stdout).toContain("; ask for 10 under Service Quotas\n");
  expect(stdout).not.toContain("workerConcurrency=");
});

test("an account without GPU instances is told before the deployment", async () => {
  account = { ...account, concurrency: 1_000, unreserved: 1_000 };
  account.vcpus["L-3819A6DF"] = null;
  account.vcpus["L-DB2E81BA"] = 20;
  const none = await doctor("gpu=batch", "gpuMaxTasks=8");
  expect(none.code).toBe(1);
  expect(none.stdout).toMatch(
    /wrong: EC2 spot vCPUs .*has 0; 8 workers take up to 32, and none would start; ask for 32 under Service Quotas \(ec2 L-3819A6DF\)/,
  );
  const some = await doctor("gpu=batch", "gpuCapacity=on-demand", "gpuMaxTasks=8");
  expect(some.stdout).toMatch(/has 20; .*deploy with -c gpuMaxTasks=5, or ask for 32/);
  const enough = await doctor("gpu=batch", "gpuCapacity=on-demand");
  expect(enough.stdout).toMatch(/ok: EC2 on-demand .*has 20; 4 workers take up to 16\n/);
  expect(enough.code).toBe(0);
  expect(enough.stdout).toMatch(/note: Lambda concurrency: .*up to -c workerConcurrency=991 would/);
});

test("without --cloud it says what this machine renders on", async () => {
  const off = await runWith({ env: { DREAMGRID_GPU: "off" } }, "doctor");
  expect([off.code, off.stdout]).toEqual([
    0,
    "note: rendering on the CPU: no GPU is looked for here; DREAMGRID_GPU may be off\n",
  ]);
  const wrong = await runWith({ env: { DREAMGRID_GPU: "yes" } }, "doctor");
  expect([wrong.code, wrong.stderr]).toEqual([
    2,
    "dreamgrid: DREAMGRID_GPU: given 'yes', wanted one of 'auto', 'off', 'any'\n",
  ]);
});

test("it looks anew, and what it finds is remembered", async () => {
  const cache = await temporaryFolder();
  const env = { DREAMGRID_CACHE: cache, DREAMGRID_GPU: "auto" };
  const memory = new GateMemory(join(cache, "gpu.json"), env);
  await memory.keep("the driver was not there yet");
  expect(await memory.reason()).toBe("the driver was not there yet");
  const { stdout } = await runWith({ env }, "doctor");
  const reason = /^note: rendering on the CPU: (.+)\n$/.exec(stdout)?.[1] ?? null;
  expect(stdout).not.toContain("not there yet");
  // null where it says that the GPU is used
  expect(await memory.reason()).toBe(reason);
});

test("what cannot be asked or is no setting ends in one line", async () => {
  const ended = async (words: Promise<{ code: number; stderr: string }>) => {
    const { code, stderr } = await words;
    return [code, stderr];
  };
  expect(await ended(run("doctor", "--cloud"))).toEqual([
    2,
    "dreamgrid: no region is known; give it with --region or AWS_REGION\n",
  ]);
  expect(await ended(doctor("workers=3"))).toEqual([
    2,
    expect.stringMatching(
      /^dreamgrid: --context: given 'workers=3'; wanted name=value, of the .*\n$/,
    ),
  ]);
  expect(await ended(doctor("workerConcurrency=many"))).toEqual([
    2,
    expect.stringMatching(/^dreamgrid: .*workerConcurrency=many: .*\n$/),
  ]);
  // the fake allows no GPU quota to be read
  expect(await ended(doctor("gpu=batch"))).toEqual([
    2,
    expect.stringMatching(
      /^dreamgrid: AWS does not tell the quotas of eu-central-1: AccessDenied.*\n$/,
    ),
  ]);
});

test("help names no default where there is none", async () => {
  const { stdout } = await run("doctor", "--help");
  expect(stdout).toContain("--context");
  expect(stdout).not.toContain("(default: [])");
});

test.each([
  [["--region", "eu-central-1"], "region"],
  [["-c", "gpu=batch"], "context"],
])(
  "%j without --cloud is refused: it is of a stack, and would say nothing",
  async (words, name) => {
    const refusal = `dreamgrid: --${name} is of a stack: give --cloud with it (see dreamgrid doctor --help)\n`;
    expect(await run("doctor", ...words)).toEqual({ code: 2, stdout: "", stderr: refusal });
  },
);
