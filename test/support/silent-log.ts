import type { Log } from "../../functions/log.ts";

export const silentLog: Log = { info: () => undefined, error: () => undefined };
