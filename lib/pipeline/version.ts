import packageJson from "../../package.json" with { type: "json" };

/** Recorded in plans, so that a picture can be traced to the code that drew it. */
export const CODE_VERSION = `dreamgrid ${packageJson.version}`;
