import { describe, expect, test } from "vitest";

import type { Provider } from "../../../lib/autodiff/provider.ts";
import type { FloatTensor } from "../../../lib/onnx/tensor.ts";
import {
  checkProvider,
  ProviderDiffersError,
  type CreateSession,
} from "../../../lib/optvis/runtime/check-provider.ts";
import { GpuUnavailableError } from "../../../lib/optvis/runtime/errors.ts";
import { type Feeds, type RuntimeTensor, Session } from "../../../lib/optvis/runtime/session.ts";

type Outputs = Readonly<Record<string, RuntimeTensor>>;

/** Both providers on the CPU; what the one called "cuda" gives can be changed. */
function sessions(change: (outputs: Outputs) => Outputs): CreateSession & { open: number } {
  const create = async (model: Uint8Array, provider: Provider) => {
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

/** Keeps 10 of float32's 23 mantissa bits, as TF32 does. */
function toTf32(value: number): number {
  const bits = new Uint32Array(Float32Array.of(value).buffer);
  bits[0] = (bits[0]! + 0x1000) & ~0x1fff;
  return new Float32Array(bits.buffer)[0]!;
}

/** What the gate's network gives for its image with every pixel changed. */
async function gateOutputs(change: (value: number) => number): Promise<Outputs> {
  let seen: Outputs = {};
  const create: CreateSession = async (model) => {
    const session = await Session.create(model, "cpu");
    return {
      run: async (feeds) => {
        const { image } = feeds;
        if (image?.type !== "float32") throw new Error("the gate has no image");
        seen = await session.run({ ...feeds, image: { ...image, data: image.data.map(change) } });
        return seen;
      },
      release: () => session.release(),
    };
  };
  await checkProvider("cuda", create);
  return seen;
}

const scaled = (tensor: RuntimeTensor | undefined, factor: number): FloatTensor => {
  if (tensor?.type !== "float32") throw new Error("not a float tensor");
  return { ...tensor, data: tensor.data.map((value) => value * factor) };
};

describe("checkProvider", () => {
  test("passes where both agree, as far as tensor cores can", async () => {
    const create = sessions((outputs) => ({
      activation: scaled(outputs["activation"], 1.001),
      gradient: scaled(outputs["gradient"], 0.999),
    }));
    await checkProvider("cuda", create);
    expect(create.open, "sessions are released").toBe(0);
  });

  test.each([
    ["a gradient 15 % too long", "gradient", (t: FloatTensor) => scaled(t, 1.15)],
    ["a gradient of zero", "gradient", (t: FloatTensor) => scaled(t, 0)],
    ["a NaN", "gradient", (t: FloatTensor) => ({ ...t, data: t.data.fill(NaN, 7, 8) })],
    ["a missing value", "activation", (t: FloatTensor) => ({ ...t, data: t.data.slice(1) })],
  ] as const)("refuses %s", async (_, name, change) => {
    const create = sessions((outputs) => ({
      ...outputs,
      [name]: change(scaled(outputs[name], 1)),
    }));
    const check = checkProvider("cuda", create);
    await expect(check).rejects.toThrow(ProviderDiffersError);
    await expect(check).rejects.toThrow(`CUDA's ${name} is`);
    expect(create.open).toBe(0);
  });

  test("is not misled by tensor cores, which round inputs to 11 significant bits", async () => {
    const exact = await gateOutputs((value) => value);
    const rounded = await gateOutputs(toTf32);
    // exact: the mean objective's gradient does not depend on what the first convolution rounds
    expect(rounded["gradient"]).toEqual(exact["gradient"]);
  });

  test("refuses a machine where CUDA can be loaded but not run", async () => {
    const create = sessions(() => {
      throw new Error("no kernel image is available");
    });
    await expect(checkProvider("cuda", create)).rejects.toThrow(GpuUnavailableError);
    await expect(checkProvider("cuda", create)).rejects.toThrow("no kernel image is available");
  });

  test("with the real runtime: passes on a machine with CUDA, else says that it is not there", async () => {
    const outcome = await checkProvider("cuda").then(
      () => "passed",
      (error: unknown) => (error instanceof Error ? error.name : String(error)),
    );
    const hasCuda = process.env["DREAMGRID_TEST_CUDA"] === "1";
    expect(outcome).toBe(hasCuda ? "passed" : "GpuUnavailableError");
  });
});
