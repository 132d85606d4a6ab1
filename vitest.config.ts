import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts", "local/endpoint/test/**/*.test.ts"],
    // only against hangs: no test may depend on how fast or how busy the machine is
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // onnxruntime-node keeps native threads; forked processes end cleanly where worker threads may not
    pool: "forks",
    maxWorkers: 2,
  },
});
