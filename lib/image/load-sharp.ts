import type { default as Sharp } from "sharp";

/**
 * sharp, which is loaded when it is first asked for: with libvips it takes a tenth of a second, and
 * until the first picture there is nothing for it to do.
 */
export async function loadSharp(): Promise<typeof Sharp> {
  return (await import("sharp")).default;
}
