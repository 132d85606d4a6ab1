import { App, Validations } from "aws-cdk-lib";
import { Code } from "aws-cdk-lib/aws-lambda";
import { AwsSolutionsChecks } from "cdk-nag";
import { execFileSync } from "node:child_process";

import { bundleFunctions, FUNCTIONS, writeFunction } from "./bundle/function-bundle.ts";
import { writeGpuContext } from "./bundle/gpu-context.ts";
import { repositoryPath } from "./bundle/repository.ts";
import { gpuImage } from "./constructs/gpu-image.ts";
import { PipelineStack, stackName } from "./pipeline-stack.ts";
import { parseSettings, type PipelineSettings, SettingsError } from "./settings.ts";

// esbuild ends soon: to collect garbage takes it a quarter longer
process.env["GOGC"] ??= "off";

const app = new App();
const settings = settingsOf(app);
const bundleOf = bundleFunctions(FUNCTIONS);
new PipelineStack(app, stackName(settings), {
  description: "dreamgrid: renders what the channels of a convolutional network respond to",
  settings,
  code: (name) =>
    Code.fromAsset(writeFunction(bundleOf(name), repositoryPath("build/functions", name))),
  gpuImage: () => {
    const context = writeGpuContext(bundleOf("gpu-worker"), repositoryPath("build/gpu-worker"));
    return gpuImage(context, npmRegistry(), settings.cudaImage);
  },
});
Validations.of(app).addPlugins(new AwsSolutionsChecks());

/** The settings; a bad one ends the synthesis in one line, as our stack would tell nobody more. */
function settingsOf({ node }: App): PipelineSettings {
  try {
    return parseSettings(node.getAllContext());
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return process.exit(1);
  }
}

/** Where this machine gets its packages; the image's build uses the same. */
function npmRegistry(): string {
  const registry = execFileSync("npm", ["config", "get", "registry"], { encoding: "utf8" }).trim();
  return registry.endsWith("/") ? registry : `${registry}/`;
}
