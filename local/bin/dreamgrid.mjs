#!/usr/bin/env node
// Runs the TypeScript command line on any Node we support; from 22.18 Node could do so alone.
import { tsImport } from "tsx/esm/api";

await tsImport("../cli/main.ts", import.meta.url);
