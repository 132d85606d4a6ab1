import { filledRaster, fillRectangle, type Raster, type Rgb, type Size } from "./raster.ts";
import { CAP_HEIGHT, drawText, textWidth } from "./text.ts";

const PAPER: Rgb = [38, 34, 36]; // dark beside any rendered image
const CROSS: Rgb = [200, 48, 48]; // the red of an error
const INK: Rgb = [240, 220, 220]; // easy to read on PAPER
const INSET = 0.14; // of the shorter side, from the edge to the ends of the cross
const STROKE = 0.018; // of the shorter side, half the width of a stroke
const MIN_HALF_STROKE = 1; // px

/**
 * Stands in for the image of a channel that failed: dark, with a red cross, and the 1-based channel
 * number in the middle where there is room for it.
 */
export function failedThumbnail(size: Size, channel: number, textScale: number): Raster {
  const raster = filledRaster(size, PAPER);
  drawCross(raster);
  drawNumber(raster, `${channel}`, textScale);
  return raster;
}

function drawCross(raster: Raster): void {
  const { width, height, data } = raster;
  const side = Math.min(width, height);
  const half = side / 2 - side * INSET;
  const halfStroke = Math.max(side * STROKE, MIN_HALF_STROKE);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const right = Math.abs(x + 0.5 - width / 2);
      const down = Math.abs(y + 0.5 - height / 2);
      // both strokes at once: the cross is the same in all four quadrants
      const along = Math.min((right + down) / 2, half);
      const distance = Math.hypot(right - along, down - along);
      const coverage = Math.min(Math.max(halfStroke + 0.5 - distance, 0), 1);
      const offset = (y * width + x) * 3;
      for (let c = 0; c < 3; c++) {
        data[offset + c] = Math.round(PAPER[c]! + (CROSS[c]! - PAPER[c]!) * coverage);
      }
    }
  }
}

/** The number on a plate that keeps the cross clear of it. */
function drawNumber(raster: Raster, text: string, scale: number): void {
  const margin = 2 * scale;
  const width = textWidth(text, scale) + 2 * margin;
  const height = CAP_HEIGHT * scale + 2 * margin;
  if (width > raster.width || height > raster.height) return;
  const x = Math.floor((raster.width - width) / 2);
  const y = Math.floor((raster.height - height) / 2);
  fillRectangle(raster, { x, y, width, height }, PAPER);
  drawText(raster, { text, x: x + margin, y: y + margin, scale }, INK);
}
