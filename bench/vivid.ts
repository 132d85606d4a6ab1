import { cpus } from "node:os";
import { parseArgs } from "node:util";

import { child, requested } from "./child.ts";

const USAGE = `npm run bench:vivid -- [--only steps,tiles,memory] [--rounds 15]

What the Fourier method costs on GoogLeNet, on one thread: a step against the network's own pass, CPU
seconds of a tile of each preset, and peak memory over the size of the canvas. Each figure is of
processes of its own; nothing else should run on the machine.`;

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "steps,tiles,memory" },
    rounds: { type: "string", default: "15" },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  process.stdout.write(`${USAGE}\n`);
  process.exit();
}

const CLASSES = { network: "googlenet", layer: "loss3-classifier", method: "fourier" };
const ofLayer = (layer: string) => ({ ...CLASSES, layer, preset: "channels" });
const TILES = [
  ...["natural", "vivid", "poster", "lucid"].map((preset) => ({ ...CLASSES, preset })),
  ofLayer("inception_3b-1x1"),
  ofLayer("inception_4c-1x1"),
  ofLayer("inception_5b-1x1"),
];
/** Layer, side of the canvas and of the crop, in pixels. */
const STEPS = [
  ["loss3-classifier", 320, 224],
  ["inception_3b-1x1", 192, 128],
  ["inception_4c-1x1", 192, 128],
  ["inception_5b-1x1", 192, 128],
  ["inception_4e-1x1", 320, 224],
] as const;
const CANVASES = [320, 1024, 2048];

const parts = {
  steps: async () => {
    for (const [layer, canvas, crop] of STEPS) {
      const words = [layer, String(canvas), String(crop), values.rounds];
      const measured = await child("vivid-step.ts", words);
      const { stepMs = NaN, passMs = NaN, overhead = NaN, products = NaN, limit = NaN } = measured;
      const reached = products / (passMs / 1000) / limit;
      print(
        `step  ${layer} ${canvas}/${crop}: pass ${passMs.toFixed(1)} ms, step ${stepMs.toFixed(1)} ms, ${percent(overhead)} more; ` +
          `the pass reaches ${percent(reached)} of the ${(limit / 1e9).toFixed(0)} GF/s of plain convolutions`,
      );
    }
  },
  tiles: async () => {
    for (const request of TILES) {
      // what the process does once is in both runs
      const one = await requested({ ...request, channels: [4] });
      const three = await requested({ ...request, channels: [4, 17, 100] });
      const seconds = (three.cpuSeconds - one.cpuSeconds) / 2;
      print(`tile  ${request.layer} ${request.preset}: ${seconds.toFixed(2)} CPU s`);
    }
  },
  memory: async () => {
    for (const canvasSize of CANVASES) {
      const { peakMb } = await requested({
        ...CLASSES,
        channels: [4, 17],
        canvasSize,
        numIterations: 6,
      });
      print(`memory  ${canvasSize} px: ${peakMb} MB`);
    }
  },
};

print(`${cpus()[0]?.model ?? "unknown processor"}, one thread, Node ${process.version}`);
for (const [name, part] of Object.entries(parts)) {
  if (values.only.split(",").includes(name)) await part();
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
