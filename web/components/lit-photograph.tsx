import { useEffect, useRef } from "preact/hooks";

/** What is left of the photograph where nothing speaks: enough to see what it is. */
const DARKEST = 0.22;

/** What a photograph is drawn from, and its size in pixels. */
export interface SmallPhotograph {
  readonly picture: HTMLCanvasElement;
  readonly width: number;
  readonly height: number;
}

interface LitPhotographProps {
  readonly photograph: SmallPhotograph;
  /** Row by row. */
  readonly map: readonly number[];
  readonly mapSize: readonly [rows: number, columns: number];
  /** For those who do not see it. */
  readonly text: string;
}

/** The photograph, bright where a map has its largest values, dark where it has none above zero. */
export function LitPhotograph({ photograph, map, mapSize, text }: LitPhotographProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { picture, width, height } = photograph;
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context) return;
    context.drawImage(picture, 0, 0, width, height);
    // between its places the map is bilinear
    context.drawImage(shadeOf(map, mapSize), 0, 0, width, height);
  }, [picture, map, mapSize]);
  return (
    <canvas ref={canvas} class="lit" width={width} height={height} role="img" aria-label={text} />
  );
}

/** What takes the light away, a pixel for each place. */
function shadeOf(map: readonly number[], [rows, columns]: LitPhotographProps["mapSize"]) {
  const shade = document.createElement("canvas");
  [shade.width, shade.height] = [columns, rows];
  const most = map.reduce((largest, value) => Math.max(largest, value), 0);
  const pixels = new ImageData(columns, rows);
  for (const [place, value] of map.entries()) {
    const light = most > 0 ? Math.max(0, value) / most : 0;
    pixels.data[4 * place + 3] = 255 * (1 - DARKEST) * (1 - light);
  }
  shade.getContext("2d")?.putImageData(pixels, 0, 0);
  return shade;
}

/** Twice what most show of it, so that it is sharp on fine screens too. */
const LONGER_SIDE_PX = 400;

/** A photograph at the size at which it is drawn again and again. */
export function smallPhotograph(image: HTMLImageElement): SmallPhotograph {
  const { naturalWidth, naturalHeight } = image;
  const scale = Math.min(1, LONGER_SIDE_PX / Math.max(naturalWidth, naturalHeight));
  const [width, height] = [naturalWidth, naturalHeight].map((side) =>
    Math.max(1, Math.round(side * scale)),
  ) as [number, number];
  const picture = document.createElement("canvas");
  [picture.width, picture.height] = [width, height];
  const context = picture.getContext("2d");
  if (context) {
    context.imageSmoothingQuality = "high";
    context.drawImage(image, 0, 0, width, height);
  }
  return { picture, width, height };
}
