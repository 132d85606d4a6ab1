import { mapConcurrently } from "../../lib/pipeline/concurrency.ts";

/**
 * Looks at every item of a list: one that is damaged must not hide the others.
 *
 * @param look `null` for an item that is not to be listed
 * @param Damage what `look` throws for a damaged item; its message goes into `problems`
 */
export async function lookAtEach<Item, Found>(
  items: readonly Item[],
  look: (item: Item) => Promise<Found | null>,
  Damage: new (message: string) => Error,
): Promise<{ readonly found: readonly Found[]; readonly problems: string[] }> {
  const looks = await mapConcurrently(items, async (item) => {
    try {
      return { found: await look(item), problem: null };
    } catch (error) {
      if (!(error instanceof Damage)) throw error;
      return { found: null, problem: error.message };
    }
  });
  return {
    found: looks.map(({ found }) => found).filter((found) => found !== null),
    problems: looks.map(({ problem }) => problem).filter((problem) => problem !== null),
  };
}
