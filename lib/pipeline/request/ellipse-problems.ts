import type { CompleteFourierRequest } from "./complete-request.ts";

/** What of a request does not go with ellipses; none where it has none. */
export function ellipseProblems({
  ellipses = 0,
  fixedMagnitude = 0,
  cropPlace,
  fadeTo,
}: CompleteFourierRequest): string[] {
  if (ellipses === 0) return [];
  const problems: string[] = [];
  if (fixedMagnitude > 0) {
    problems.push(
      `fixedMagnitude: given ${fixedMagnitude}, with ${ellipses} ellipses, which have no magnitudes; wanted 0, or ellipses of 0`,
    );
  }
  if (cropPlace === "wrapped") {
    problems.push(
      'cropPlace: given "wrapped", with ellipses, which do not go on at the opposite edge; wanted "anywhere" or "centre", or ellipses of 0',
    );
  }
  if (fadeTo !== undefined) {
    problems.push(
      `fadeTo: given "${fadeTo}", with ellipses, whose SVG document has no such fading; wanted none, or ellipses of 0`,
    );
  }
  return problems;
}
