// Node 20 does not read TypeScript, and a thread does not inherit tsx's hooks from the one that
// started it.
import { tsImport } from "tsx/esm/api";

await tsImport("./analysis-thread.ts", import.meta.url);
