import type { CircuitLink } from "../api/documents.ts";

interface KernelProps {
  readonly kernel: CircuitLink["kernel"];
  /** |weight| of the fullest colour. */
  readonly largest: number;
}

/** ColorBrewer's RdBu, which people tell apart who do not see red or green. */
const EXCITES = "#b2182b";
const INHIBITS = "#2166ac";

/** A kernel as squares, red where it excites, blue where it inhibits, white where it does neither. */
export function Kernel({ kernel, largest }: KernelProps) {
  const { rows, columns, weights } = kernel;
  if (weights === null) return null;
  const colourOf = (weight: number) => {
    const share = largest > 0 ? Math.abs(weight) / largest : 0;
    return `color-mix(in srgb, ${weight > 0 ? EXCITES : INHIBITS} ${100 * share}%, white)`;
  };
  return <Squares {...{ rows, columns }} colours={weights.map(colourOf)} />;
}

/**
 * The weights of a first convolution as one picture, grey being 0: the colours that it looks for;
 * `null` where these are not red, green and blue of one kernel.
 */
export function colourFilter(sources: readonly CircuitLink[]) {
  const planes = (["red", "green", "blue"] as const).map(
    (wanted) => sources.find(({ colour }) => colour === wanted)?.kernel,
  );
  const [red, green, blue] = planes.map((kernel) => kernel?.weights ?? null);
  if (sources.length !== planes.length || !red || !green || !blue) return null;
  const { rows, columns } = planes[0]!;
  const largest = Math.max(...[...red, ...green, ...blue].map(Math.abs));
  const level = (weight: number) => Math.round(127.5 * (1 + (largest > 0 ? weight / largest : 0)));
  const colours = red.map(
    (weight, i) => `rgb(${level(weight)} ${level(green[i]!)} ${level(blue[i]!)})`,
  );
  return <Squares {...{ rows, columns, colours }} />;
}

interface SquaresProps {
  readonly rows: number;
  readonly columns: number;
  /** Row by row. */
  readonly colours: readonly string[];
}

/** What its numbers say stands beside it in words. */
function Squares({ rows, columns, colours }: SquaresProps) {
  return (
    <svg class="kernel" viewBox={`0 0 ${columns} ${rows}`} aria-hidden="true">
      {colours.map((fill, i) => (
        <rect
          key={i}
          x={i % columns}
          y={Math.floor(i / columns)}
          width={1}
          height={1}
          style={{ fill }}
        />
      ))}
    </svg>
  );
}
