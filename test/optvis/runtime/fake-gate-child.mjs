// A child of the GPU gate whose driver behaves as its argument says.
import { existsSync } from "node:fs";

const [, , behaviour, file] = process.argv;

process.once("disconnect", () => process.exit());
process.once("message", ({ kind, provider }) => {
  const name = provider === "cuda" ? "CUDA" : "WebGPU";
  const without = () =>
    process.send({
      kind: "unfit",
      reason: `${name} is not available to ONNX Runtime here: no adapter; use the CPU`,
    });
  const equal = (gpuSeconds) =>
    process.send({ kind: "equal", cpuSeconds: 1, gpuSeconds, drivers: ["libvulkan_card.so"] });
  const outOfMemory = () =>
    process.send({ kind: "unfit", reason: "ONNX Runtime ran out of memory: CUDA failure 2" });
  const whenThere = () => (existsSync(file) ? equal(0.05) : setTimeout(whenThere, 10));
  const waitsFor = behaviour === "computing" ? "cpu" : "driver";
  process.send({ kind: "at", step: "opening it", waitsFor }, () => {
    if (behaviour === "computing") whenThere();
    else if (behaviour === "full" || (behaviour === "full graph" && kind === "graph"))
      outOfMemory();
    else if (behaviour === "crash") process.kill(process.pid, "SIGSEGV");
    else if (behaviour === "exit") process.exit(3);
    else if (behaviour === "hang") setInterval(() => {}, 1_000);
    else if (behaviour === "without") without();
    else if (behaviour === "slow") equal(2);
    else if (behaviour === "only webgpu" && provider === "cuda") without();
    else if (behaviour === "wrong graph" && kind === "graph")
      process.send({ kind: "unfit", reason: "WebGPU's image_out is 1.41 of its norm away" });
    else equal(0.05);
  });
});
