import { type AxisWindow, span } from "../onnx/operators/window.ts";

/** Pixels at the end of the padded input that no window position reaches; negative: an overhang. */
export function unusedPixels(window: AxisWindow): number {
  const { input, output, padBegin, padEnd, stride } = window;
  return input + padBegin + padEnd - ((output - 1) * stride + span(window));
}

/** ceil_mode lets the last window overhang the padding; said as padding, the lengths add up. */
export function withOverhang(window: AxisWindow): AxisWindow {
  return { ...window, padEnd: window.padEnd + Math.max(0, -unusedPixels(window)) };
}
