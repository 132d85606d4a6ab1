import type { CompleteFourierRequest } from "./complete-request.ts";

/** What of a request does not go with a painting, in ellipses or by a CPPN; none if it has none. */
export function paintingProblems({
  ellipses = 0,
  cppnLayers = 0,
  fixedMagnitude = 0,
  cropPlace,
  fadeTo,
}: Pick<
  CompleteFourierRequest,
  "ellipses" | "cppnLayers" | "fixedMagnitude" | "cropPlace" | "fadeTo"
>): string[] {
  if (ellipses === 0 && cppnLayers === 0) return [];
  const [name, count] = ellipses > 0 ? ["ellipses", ellipses] : ["cppnLayers", cppnLayers];
  const problems: string[] = [];
  if (ellipses > 0 && cppnLayers > 0) {
    problems.push(
      `cppnLayers: given ${cppnLayers}, with ${ellipses} ellipses, which are another way to paint; wanted 0, or ellipses of 0`,
    );
  }
  if (fixedMagnitude > 0) {
    problems.push(
      `fixedMagnitude: given ${fixedMagnitude}, with ${count} ${name}, which have no magnitudes; wanted 0, or ${name} of 0`,
    );
  }
  if (cropPlace === "wrapped") {
    problems.push(
      `cropPlace: given "wrapped", with ${name}, which do not go on at the opposite edge; wanted "anywhere" or "centre", or ${name} of 0`,
    );
  }
  if (fadeTo !== undefined && ellipses > 0) {
    problems.push(
      `fadeTo: given "${fadeTo}", with ellipses, whose SVG document has no such fading; wanted none, or ellipses of 0`,
    );
  }
  return problems;
}
