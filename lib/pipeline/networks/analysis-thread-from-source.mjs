// A test is compiled file by file, and a thread does not inherit how.
import { importFromSource } from "../../source-bundle.mjs";

await importFromSource("analysis-thread");
