/** A sheet of eight by eight of each layer. */
export const DEFAULT_ATLAS_CHANNELS = "1:64";
