import { requested, type RequestCost } from "./child.ts";
import { benchOptions } from "./options.ts";
import { machineLine, RESULTS_FILE, writeSections } from "./results-file.ts";
import { median, spread } from "./statistics.ts";

const USAGE = `npm run bench:growth -- [--network emojinet] [--rounds 3] [--only channels,iterations,side,depth] [--out ${RESULTS_FILE}]

How time and memory grow with the work, one thread, each measurement a process of its own: tables
and plots in the file of results. Nothing else should run on the machine.`;

const values = benchOptions(USAGE, {
  network: "emojinet",
  rounds: "3",
  only: "channels,iterations,side,depth",
  out: RESULTS_FILE,
});

interface Series {
  readonly title: string;
  /** What grows, as a column's head. */
  readonly axis: string;
  /** What is the same in each of its requests, for the reader. */
  readonly constant: string;
  readonly requests: readonly { readonly at: number | string; readonly request: object }[];
}

const SMALL = { canvasSize: 96, cropSize: 64, numIterations: 16 };
const of = (layer: string, fields: object) => ({
  network: values.network,
  layer,
  method: "fourier",
  preset: "channels",
  channels: [1],
  ...fields,
});
const [MIDDLE, CLASSES] = ["inception_3b-1x1", "loss3-classifier"];

const SERIES: Readonly<Record<string, Series>> = {
  channels: {
    title: "Channels",
    axis: "channels",
    constant: `\`${CLASSES}\`, canvas 96 px, crop 64 px, 4 iterations`,
    requests: [1, 10, 100, 500].map((count) => ({
      at: count,
      request: of(CLASSES, { ...SMALL, channels: `1:${count}`, numIterations: 4 }),
    })),
  },
  iterations: {
    title: "Iterations",
    axis: "iterations",
    constant: `\`${MIDDLE}\`, canvas 96 px, crop 64 px`,
    requests: [16, 64, 256, 1024].map((numIterations) => ({
      at: numIterations,
      request: of(MIDDLE, { ...SMALL, numIterations }),
    })),
  },
  side: {
    title: "Side of the image",
    axis: "side, px",
    constant: `\`${MIDDLE}\`, crop 128 px, 16 iterations`,
    requests: [128, 256, 512, 1024, 2048].map((canvasSize) => ({
      at: canvasSize,
      request: of(MIDDLE, { ...SMALL, cropSize: 128, canvasSize }),
    })),
  },
  depth: {
    title: "Depth of the network",
    axis: "layer",
    constant: "canvas 192 px, crop 128 px, 64 iterations",
    requests: [
      "conv1-7x7_s2",
      "conv2-3x3",
      MIDDLE,
      "inception_4a-1x1",
      "inception_4e-1x1",
      "inception_5b-1x1",
      CLASSES,
    ].map((layer) => ({
      at: layer,
      request: of(layer, { canvasSize: 192, cropSize: 128, numIterations: 64 }),
    })),
  },
};

const tables: string[] = [];
for (const name of values.only.split(",")) {
  const series = SERIES[name];
  if (!series) throw new Error(`--only ${name}: wanted some of ${Object.keys(SERIES).join(", ")}`);
  tables.push(await tableOf(series));
}
const text = [
  `Made by \`npm run bench:growth -- --network ${values.network} --rounds ${values.rounds} --only ${values.only}\`: ${machineLine()}. One request on one thread, in a process of its own: analysis, session and quality card are in. Medians of ${values.rounds}, spreads in brackets; memory is the largest peak. Images that fail their quality card are drawn twice.\n`,
  ...tables,
].join("\n");
await writeSections(values.out, [{ title: "How the cost grows with the work", text }]);
process.stdout.write(`${values.out}\n`);

async function tableOf({ title, axis, constant, requests }: Series): Promise<string> {
  const rows: { readonly at: number | string; readonly costs: readonly RequestCost[] }[] = [];
  for (const { at, request } of requests) {
    const costs: RequestCost[] = [];
    for (let round = 0; round < Number(values.rounds); round++)
      costs.push(await requested(request));
    rows.push({ at, costs });
    process.stdout.write(`${title} ${at}: ${medianOf(costs).toFixed(2)} CPU s\n`);
  }
  const lines = rows.map(({ at, costs }) => {
    const cpu = costs.map(({ cpuSeconds }) => cpuSeconds);
    const seconds = median(costs.map((cost) => cost.seconds));
    const peak = Math.max(...costs.map(({ peakMb }) => peakMb));
    return `| ${at} | ${medianOf(costs).toFixed(2)} (${spread(cpu)}) | ${seconds.toFixed(2)} | ${peak} | ${costs[0]!.redrawn} |`;
  });
  const labels = rows.map(({ at }) => JSON.stringify(String(at)));
  const plotted = rows.map(({ costs }) => Number(medianOf(costs).toFixed(2)));
  return `### ${title}

${constant}

| ${axis} | CPU seconds | seconds of the clock | peak memory, MB | drawn twice |
| --- | --- | --- | --- | --- |
${lines.join("\n")}

\`\`\`mermaid
xychart-beta
  x-axis "${axis}" [${labels.join(", ")}]
  y-axis "CPU seconds"
  line [${plotted.join(", ")}]
\`\`\`
`;
}

function medianOf(costs: readonly RequestCost[]): number {
  return median(costs.map(({ cpuSeconds }) => cpuSeconds));
}
