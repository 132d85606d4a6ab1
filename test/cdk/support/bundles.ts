import { bundleFunctions, FUNCTIONS } from "../../../cdk/bundle/function-bundle.ts";

/** It takes seconds, and test files that share a process share them. */
export const bundleOf = bundleFunctions(FUNCTIONS);
