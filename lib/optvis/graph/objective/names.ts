/** What an ascent can raise, on the map of each image's own channel; see the files of those names. */
export const OBJECTIVES = ["rectified", "mean"] as const;

export type Objective = (typeof OBJECTIVES)[number];
