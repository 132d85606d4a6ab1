// A test is compiled file by file, and a process does not inherit how.
import { importFromSource } from "../../source-bundle.mjs";

await importFromSource("gpu-gate-child");
