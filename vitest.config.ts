import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts", "local/endpoint/test/**/*.test.ts"],
    // only against hangs: no test may depend on how fast or busy the machine is, and on a busy one
    // a test takes forty times as long
    testTimeout: 900_000,
    hookTimeout: 900_000,
    // the SDK's warning about Node versions does not concern the tests
    env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true" },
    // onnxruntime-node keeps native threads: forked processes end cleanly, worker threads may not
    pool: "forks",
    maxWorkers: 2,
  },
});
