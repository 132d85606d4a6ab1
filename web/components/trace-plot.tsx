import "uplot/dist/uPlot.min.css";

import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";

import type { ImageDocument } from "../api/documents.ts";
import { several } from "./counted.ts";

type Trace = ImageDocument["trace"];

/** Pixels. */
const HEIGHT = 160;

/** How the activation grew, iteration by iteration; a line for each level of the pyramid. */
export function TracePlot({ trace }: { readonly trace: Trace }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = place.current;
    if (element === null || trace.length === 0) return undefined;
    return drawTrace(element, trace);
  }, [trace]);
  return (
    <div
      ref={place}
      class="trace"
      style={{ minHeight: HEIGHT }}
      role="img"
      aria-label={inWords(trace)}
    />
  );
}

/** What the plot says to those who do not see it. */
function inWords(trace: Trace): string {
  const [first, last] = [trace[0], trace.at(-1)];
  if (first === undefined || last === undefined) return "no trace";
  const figure = (value: number) => value.toPrecision(3);
  const levels = last.level === 1 ? "" : ` over ${last.level} levels`;
  const iterations = several(trace.length, "iteration");
  return `activation strength from ${figure(first.activation)} to ${figure(last.activation)} in ${iterations}${levels}`;
}

function drawTrace(element: HTMLElement, trace: Trace): () => void {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let plot: uPlot | null = null;
  const draw = () => {
    plot?.destroy();
    plot = new uPlot(options(element, trace), dataOf(trace), element);
  };
  draw();
  // the canvas has neither the page's colours nor its width of its own
  const resized = new ResizeObserver(() =>
    plot?.setSize({ width: Math.max(1, element.clientWidth), height: HEIGHT }),
  );
  resized.observe(element);
  dark.addEventListener("change", draw);
  return () => {
    resized.disconnect();
    dark.removeEventListener("change", draw);
    plot?.destroy();
  };
}

function dataOf(trace: Trace): uPlot.AlignedData {
  return [trace.map((_, i) => i + 1), trace.map(({ activation }) => activation)];
}

/** Places in the trace, from 1, where a level other than the first begins. */
function levelStarts(trace: Trace): readonly number[] {
  return trace.flatMap(({ level }, i) => (i > 0 && level !== trace[i - 1]!.level ? i + 1 : []));
}

function options(element: HTMLElement, trace: Trace): uPlot.Options {
  const starts = levelStarts(trace);
  // one iteration has no line to it
  const points = { show: trace.length === 1 };
  const style = getComputedStyle(element);
  const colour = (name: string) => resolvedColour(element, `var(${name})`);
  const axis = {
    stroke: colour("--ink-quiet"),
    font: `11px ${style.fontFamily}`,
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { show: false },
  };
  return {
    width: Math.max(1, element.clientWidth),
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false } },
    scales: { x: { time: false } },
    axes: [
      { ...axis, size: 24, space: 60, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] },
      {
        ...axis,
        size: 48,
        values: (_, ticks) => ticks.map((tick) => String(Number(tick.toPrecision(4)))),
      },
    ],
    series: [{}, { stroke: colour("--accent"), width: 2, points }],
    hooks: {
      draw: [
        (plot) => {
          const { ctx, bbox } = plot;
          ctx.save();
          ctx.strokeStyle = colour("--ink-quiet");
          ctx.setLineDash([3, 4]);
          for (const start of starts) {
            const x = plot.valToPos(start - 0.5, "x", true);
            ctx.beginPath();
            ctx.moveTo(x, bbox.top);
            ctx.lineTo(x, bbox.top + bbox.height);
            ctx.stroke();
          }
          ctx.restore();
        },
      ],
    },
  };
}

/** A canvas cannot read `light-dark()`: the browser works it out for an element. */
function resolvedColour(element: HTMLElement, value: string): string {
  const probe = document.createElement("span");
  probe.style.color = value;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
