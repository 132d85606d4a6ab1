import { describe, expect, test } from "vitest";

import type { FloatTensor } from "../../lib/onnx/tensor.ts";
import { checkCuda, CudaDiffersError, type CreateSession } from "../../lib/optvis/cuda-gate.ts";
import {
  CudaUnavailableError,
  type Feeds,
  type RuntimeTensor,
  Session,
} from "../../lib/optvis/session.ts";

type Outputs = Readonly<Record<string, RuntimeTensor>>;

/** Both providers on the CPU; what the one called "cuda" gives can be changed. */
function sessions(change: (outputs: Outputs) => Outputs): CreateSession & { open: number } {
  const create = async (model: Uint8Array, provider: "cpu" | "cuda") => {
    const session = await Session.create(model, "cpu");
    create.open += 1;
    return {
      run: async (feeds: Feeds) => {
        const outputs = await session.run(feeds);
        return provider === "cuda" ? change(outputs) : outputs;
      },
      release: async () => {
        create.open -= 1;
        await session.release();
      },
    };
  };
  create.open = 0;
  return create;
}

const scaled = (tensor: RuntimeTensor | undefined, factor: number): FloatTensor => {
  if (tensor?.type !== "float32") throw new Error("not a float tensor");
  return { ...tensor, data: tensor.data.map((value) => value * factor) };
};

describe("checkCuda", () => {
  test("passes where both agree, as far as tensor cores can", async () => {
    const create = sessions((outputs) => ({
      activation: scaled(outputs["activation"], 1.001),
      gradient: scaled(outputs["gradient"], 0.999),
    }));
    await checkCuda(create);
    expect(create.open, "sessions are released").toBe(0);
  });

  test.each([
    ["a gradient 5 % too long", "gradient", (t: FloatTensor) => scaled(t, 1.05)],
    ["a gradient of zero", "gradient", (t: FloatTensor) => scaled(t, 0)],
    ["a NaN", "gradient", (t: FloatTensor) => ({ ...t, data: t.data.fill(NaN, 7, 8) })],
    ["a missing value", "activation", (t: FloatTensor) => ({ ...t, data: t.data.slice(1) })],
  ] as const)("refuses %s", async (_, name, change) => {
    const create = sessions((outputs) => ({
      ...outputs,
      [name]: change(scaled(outputs[name], 1)),
    }));
    const check = checkCuda(create);
    await expect(check).rejects.toThrow(CudaDiffersError);
    await expect(check).rejects.toThrow(`CUDA's ${name} is`);
    expect(create.open).toBe(0);
  });

  test("refuses a machine where CUDA can be loaded but not run", async () => {
    const create = sessions(() => {
      throw new Error("no kernel image is available");
    });
    await expect(checkCuda(create)).rejects.toThrow(CudaUnavailableError);
    await expect(checkCuda(create)).rejects.toThrow("no kernel image is available");
  });

  test("with the real runtime: passes on a machine with CUDA, else says that it is not there", async () => {
    const outcome = await checkCuda().then(
      () => "passed",
      (error: unknown) => (error instanceof Error ? error.name : String(error)),
    );
    const hasCuda = process.env["DREAMGRID_TEST_CUDA"] === "1";
    expect(outcome).toBe(hasCuda ? "passed" : "CudaUnavailableError");
  });
});
