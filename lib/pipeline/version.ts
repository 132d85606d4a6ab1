import packageJson from "../../package.json" with { type: "json" };

/** Recorded in plans, so that an image can be traced to the code that rendered it. */
export const CODE_VERSION = `dreamgrid ${packageJson.version}`;
