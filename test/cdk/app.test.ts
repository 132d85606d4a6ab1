import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";
import * as z from "zod";

const run = promisify(execFile);
const out = mkdtempSync(join(tmpdir(), "dreamgrid-synth-"));
afterAll(() => rmSync(out, { recursive: true }));

/** A proxy that nobody runs: whoever looks for the network does not find it. */
const OFFLINE = { HTTP_PROXY: "http://127.0.0.1:9", HTTPS_PROXY: "http://127.0.0.1:9" };

const assetsSchema = z.object({
  files: z.record(
    z.string(),
    z.object({ source: z.object({ path: z.string(), packaging: z.string() }) }),
  ),
  dockerImages: z.record(
    z.string(),
    z.object({
      source: z.object({
        directory: z.string(),
        platform: z.string(),
        dockerBuildArgs: z.object({ NPM_REGISTRY: z.string() }),
      }),
    }),
  ),
});

/** validation.test.ts checks this stack by CDK's rules: to load them takes as long as all else. */
const UNCHECKED = { CDK_VALIDATION: "false" };

test("npm run synth bundles the functions and the image's context without a network", async () => {
  await run("npm", ["run", "--silent", "synth", "--", "-c", "gpu=batch", "--output", out], {
    env: { ...process.env, ...OFFLINE, ...UNCHECKED },
  });
  const assets = assetsSchema.parse(
    JSON.parse(readFileSync(join(out, "Dreamgrid.assets.json"), "utf8")),
  );
  const zips = Object.values(assets.files).filter(({ source }) => source.packaging === "zip");
  expect(zips).toHaveLength(5);
  const images = Object.values(assets.dockerImages);
  expect(images).toEqual([
    {
      source: {
        directory: expect.stringMatching(/^asset\./),
        platform: "linux/amd64",
        dockerBuildArgs: { NPM_REGISTRY: expect.stringMatching(/^https?:\/\/.*\/$/) },
      },
    },
  ]);
});
