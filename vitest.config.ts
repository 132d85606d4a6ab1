import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts", "local/endpoint/test/**/*.test.ts"],
    // only against hangs: no test may depend on how fast or how busy the machine is, and one that takes
    // 20 s by itself takes forty times as long beside processes that are preferred to it
    testTimeout: 900_000,
    hookTimeout: 900_000,
    // which Node the SDK will want next year is of no use among the tests' results
    env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true" },
    // onnxruntime-node keeps native threads; forked processes end cleanly where worker threads may not
    pool: "forks",
    maxWorkers: 2,
  },
});
