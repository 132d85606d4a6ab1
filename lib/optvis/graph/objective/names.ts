/** What an ascent can raise on the map of each image's own channel; each has a file of its name. */
export const OBJECTIVES = ["rectified", "mean"] as const;

export type Objective = (typeof OBJECTIVES)[number];
