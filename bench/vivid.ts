import { child, requested } from "./child.ts";
import { benchOptions } from "./options.ts";
import { print } from "./print.ts";
import { machineLine, RESULTS_FILE, type Section, writeSections } from "./results-file.ts";
import { percent } from "./statistics.ts";

const USAGE = `npm run bench:vivid -- [--only steps,tiles,memory] [--rounds 15] [--out ${RESULTS_FILE}]

What the Fourier method costs on GoogLeNet, on one thread: a step against the network's own pass, CPU
seconds of a tile of each preset, and peak memory over the size of the canvas. Each figure is of
processes of its own, and goes into the file of results; nothing else should run on the machine.`;

const values = benchOptions(USAGE, { only: "steps,tiles,memory", rounds: "15", out: RESULTS_FILE });

const CLASSES = { network: "googlenet", layer: "loss3-classifier", method: "fourier" };
const ofLayer = (layer: string) => ({ ...CLASSES, layer, preset: "channels" });
const TILES = [
  ...["natural", "vivid", "poster", "lucid", "maco", "ellipses", "cppn"].map((preset) => ({
    ...CLASSES,
    preset,
  })),
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

/** What vivid-step.ts prints. */
interface StepFigures {
  /** CPU milliseconds of a step of the ascent. */
  readonly stepMs: number;
  /** Of the network's own forward and backward pass. */
  readonly passMs: number;
  /** What a step takes more than its pass, as a share of it. */
  readonly overhead: number;
  /** Floating-point operations of the pass's sums of products. */
  readonly products: number;
  /** Those that plain convolutions reach in a second. */
  readonly limit: number;
}

interface Table {
  readonly title: string;
  readonly about: string;
  readonly header: readonly string[];
  readonly rows: () => AsyncIterable<readonly string[]>;
}

const TABLES: Readonly<Record<string, Table>> = {
  steps: {
    title: "A step of the Fourier method",
    about: `A step against the network's own forward and backward pass, medians of ${values.rounds} rounds in turn. The share is that of the pass's products in what plain 3x3 convolutions reach in the same process.`,
    header: ["layer, canvas / crop in pixels", "pass", "step", "more", "share of the limit"],
    rows: async function* () {
      for (const [layer, canvas, crop] of STEPS) {
        const words = [layer, String(canvas), String(crop), values.rounds];
        const measured = await child<StepFigures>("vivid-step.ts", words);
        const { stepMs, passMs, overhead, products, limit } = measured;
        const share = products / (passMs / 1000) / limit;
        yield [
          `\`${layer}\`, ${canvas} / ${crop}`,
          `${passMs.toFixed(1)} ms`,
          `${stepMs.toFixed(1)} ms`,
          percent(overhead),
          `${percent(share)} of ${(limit / 1e9).toFixed(0)} GF/s`,
        ];
      }
    },
  },
  tiles: {
    title: "A tile of the Fourier method",
    about: "With its quality card; what a process does once is not in it.",
    header: ["layer", "preset", "CPU seconds"],
    rows: async function* () {
      for (const request of TILES) {
        // what the process does once is in both runs
        const one = await requested({ ...request, channels: [4] });
        const three = await requested({ ...request, channels: [4, 17, 100] });
        const seconds = (three.cpuSeconds - one.cpuSeconds) / 2;
        yield [`\`${request.layer}\``, `\`${request.preset}\``, seconds.toFixed(2)];
      }
    },
  },
  memory: {
    title: "Memory over the canvas",
    about: "Of a process that draws two classes in crops of 224 px.",
    header: ["canvas", "peak memory"],
    rows: async function* () {
      for (const canvasSize of CANVASES) {
        const channels = [4, 17];
        const { peakMb } = await requested({ ...CLASSES, channels, canvasSize, numIterations: 6 });
        yield [`${canvasSize} px`, `${peakMb} MB`];
      }
    },
  },
};

const provenance = `Made by \`npm run bench:vivid -- --rounds ${values.rounds}\` on GoogLeNet: ${machineLine()}; one thread.`;
print(provenance);
const sections: Section[] = [];
for (const [name, table] of Object.entries(TABLES)) {
  if (values.only.split(",").includes(name)) sections.push(await sectionOf(table));
}
await writeSections(values.out, sections);
print(values.out);

async function sectionOf({ title, about, header, rows }: Table): Promise<Section> {
  print(`\n${title}`);
  const lines: string[] = [];
  for await (const row of rows()) {
    print(`  ${row.join("  ")}`);
    lines.push(`| ${row.join(" | ")} |`);
  }
  const head = [`| ${header.join(" | ")} |`, `| ${header.map(() => "---").join(" | ")} |`];
  return { title, text: `${about} ${provenance}\n\n${[...head, ...lines].join("\n")}` };
}
