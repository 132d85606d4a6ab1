import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 30_000,
    // onnxruntime-node keeps native threads; forked processes end cleanly where worker threads may not
    pool: "forks",
    maxWorkers: 2,
  },
});
