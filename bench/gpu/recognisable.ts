import type { QualityCard } from "../../lib/optvis/quality/card.ts";
import { table } from "../../local/cli/terminal.ts";

/** Said under every table of recognisable images. */
export const RECOGNISABLE = `recognisable, by the quality card: the network itself finds the image's own class the most probable of
all (or its own channel the most activated of its layer), and small changes leave it so: over eight copies,
turned, scaled and shifted, the class's mean probability is at least .5 (or the channel is above at least half
of the others). An image that is blank or fragile is drawn once more, which is in the time.`;

/** Whether the network that an image was drawn from recognises it, and small changes of it. */
export function isRecognisable({
  selective,
  marks,
}: Pick<QualityCard, "selective" | "marks">): boolean {
  return selective === true && !marks.includes("fragile");
}

/** How fast a recipe draws. */
export interface RecipeSpeed {
  readonly title: string;
  readonly images: number;
  readonly recognisable: number;
  readonly seconds: number;
}

export function recipeTable(recipes: readonly RecipeSpeed[]): string {
  const rate = (count: number, seconds: number) => (count / seconds).toPrecision(3);
  const lines = recipes.map(({ title, images, recognisable, seconds }) => [
    title,
    `${images}`,
    `${recognisable}`,
    rate(images, seconds),
    rate(recognisable, seconds),
  ]);
  const header = ["recipe", "images", "recognisable", "images a second", "recognisable a second"];
  return table(header, lines, [1, 2, 3, 4]);
}
