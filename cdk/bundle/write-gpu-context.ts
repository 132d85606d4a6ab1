import { bundleFunctions } from "./function-bundle.ts";
import { writeGpuContext } from "./gpu-context.ts";

/** `tsx cdk/bundle/write-gpu-context.ts FOLDER`: the GPU image's build context, to look at. */
const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("no folder given; wanted: write-gpu-context.ts FOLDER");
writeGpuContext(bundleFunctions(["gpu-worker"])("gpu-worker"), folder);
