import { mergeConfig } from "vitest/config";

import base from "./vitest.config.ts";

/** What is written for WebGPU runs there; `test/test-webgpu.sh` finds it an adapter. */
const { include: _, isolate: __, ...common } = base.test!;
export default mergeConfig(
  { test: { include: ["test/autodiff/**/*.test.ts", "test/webgpu/**/*.webgpu.ts"] } },
  { test: { ...common, env: { ...common.env, DREAMGRID_TEST_WEBGPU: "1" } } },
);
