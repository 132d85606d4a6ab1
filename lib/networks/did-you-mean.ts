import { nearestNames } from "./nearest.ts";

/** " (did you mean 'seed'?)", or nothing where no name is near. */
export function didYouMean(name: string, candidates: readonly string[]): string {
  const nearest = nearestNames(name, candidates).map((candidate) => `'${candidate}'`);
  return nearest.length === 0 ? "" : ` (did you mean ${nearest.join(" or ")}?)`;
}
