/** What is left of each measurement with `--tiny`: that it runs is all that its figures say. */
export const TINY = { images: 2, iterations: 2, repeats: 1 } as const;
