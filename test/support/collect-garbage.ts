import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Takes all that nobody holds any more, at once. */
export function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
}
