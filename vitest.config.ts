import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * Long ones in small files. Where nothing is known of how long they take, as in a fresh clone, the
 * smallest files are begun last, and all would wait for these.
 */
const LONG = ["test/local/faults.test.ts", "test/onnx/crafted-models.test.ts"];

/**
 * Those of the CDK first, one after the other, because it takes 2 s to load and to synthesise for the
 * first time; then long ones.
 */
class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort -- of no array
    const sorted = await super.sort(files);
    const rank = ({ moduleId }: TestSpecification) => {
      if (moduleId.includes("/test/cdk/")) return 0;
      return LONG.some((path) => moduleId.endsWith(`/${path}`)) ? 1 : 2;
    };
    return sorted.toSorted((a, b) => rank(a) - rank(b));
  }
}

/*
 * What this machine's user has set counts for nothing, before any process of a test reads it: their
 * AWS account, their language and colours, and a proxy for what is on this machine itself.
 */
for (const name of Object.keys(process.env)) {
  if (/^(?:AWS_|LANG|LC_|NO_COLOR$|FORCE_COLOR$)/.test(name)) delete process.env[name];
}
process.env["AWS_CONFIG_FILE"] = process.env["AWS_SHARED_CREDENTIALS_FILE"] = "/nonexistent";
for (const name of ["NO_PROXY", "no_proxy"]) {
  process.env[name] = ["127.0.0.1", "localhost", process.env[name] ?? ""].join();
}

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts", "local/endpoint/test/**/*.test.ts"],
    // test files leave nothing behind, so that the next one runs in the same process: each process of
    // its own would load the SDK, sharp and ONNX Runtime anew, as would one for each project
    isolate: false,
    setupFiles: ["test/support/equal-bytes.ts", "test/support/source-bundle.ts"],
    // an hour, only against hangs: no test may depend on how fast or busy the machine is, and beside
    // eight busy processes on two cores one with a low priority gets 3 % of it
    testTimeout: 3_600_000,
    hookTimeout: 3_600_000,
    env: {
      // the SDK's warning about Node versions does not concern the tests
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
      // what is drawn must not depend on the machine's GPU
      DREAMGRID_GPU: "off",
      // some tests run ONNX Runtime themselves
      ORT_DISABLE_TELEMETRY: "1",
      // esbuild and TypeScript, which end soon, collect no garbage: a quarter less of a core for each
      GOGC: "off",
    },
    // onnxruntime-node keeps native threads: forked processes end cleanly, worker threads may not
    pool: "forks",
    // one more than the two cores that the suite is made for: many tests wait for processes of theirs
    maxWorkers: 3,
    sequence: { sequencer: LongFirst },
  },
});
