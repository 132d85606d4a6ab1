import { App, type Stack, Validations } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { ContainerImage } from "aws-cdk-lib/aws-ecs";
import { Code } from "aws-cdk-lib/aws-lambda";
import { AwsSolutionsChecks } from "cdk-nag";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";

import { PipelineStack } from "../../../cdk/pipeline-stack.ts";
import { parseSettings } from "../../../cdk/settings.ts";

const cdkJson = z
  .object({ context: z.record(z.string(), z.unknown()) })
  .parse(JSON.parse(readFileSync(new URL("../../../cdk.json", import.meta.url), "utf8")));

/** A resource of a template, as far as tests look at it. */
export interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
  readonly DependsOn?: readonly string[];
}

export interface Synthesis {
  readonly template: Template;
  readonly resources: Readonly<Record<string, Resource>>;
}

/** By their contexts: test files that share a process share them. */
const synthesised = new Map<string, Synthesis>();

/**
 * Synthesises the stack as cdk/app.ts does, with stand-ins for the functions' code and the image,
 * and without the rules: validation.test.ts checks each context by them, as to load them takes
 * seconds in every process.
 */
export function synthesise(context: Readonly<Record<string, string>> = {}): Synthesis {
  const key = JSON.stringify(context);
  const known = synthesised.get(key) ?? synthesiseChanged(context, { areRulesChecked: false });
  synthesised.set(key, known);
  return known;
}

/**
 * The same, and checks it by the rules of cdk-nag and CDK's own.
 *
 * @param change done to the stack before
 * @throws Error if a rule is broken
 */
export function synthesiseChecked(
  context: Readonly<Record<string, string>>,
  change: (stack: Stack) => void = () => undefined,
): Synthesis {
  return synthesiseChanged(context, { areRulesChecked: true, change });
}

interface SynthesisOptions {
  readonly areRulesChecked: boolean;
  readonly change?: (stack: Stack) => void;
}

function synthesiseChanged(
  context: Readonly<Record<string, string>>,
  { areRulesChecked, change }: SynthesisOptions,
): Synthesis {
  const outdir = mkdtempSync(join(tmpdir(), "dreamgrid-cdk-"));
  try {
    const app = new App({
      outdir,
      context: { ...cdkJson.context, ...context },
      builtinCloudFormationValidation: areRulesChecked,
    });
    const stack = new PipelineStack(app, "Dreamgrid", {
      settings: parseSettings(app.node.getAllContext()),
      code: () => Code.fromInline("exports.handler = () => {}"),
      gpuImage: () => ContainerImage.fromRegistry("example/gpu-worker:1"),
    });
    change?.(stack);
    if (areRulesChecked) Validations.of(app).addPlugins(new AwsSolutionsChecks());
    const template = Template.fromStack(stack);
    const { Resources } = template.toJSON() as { Resources: Record<string, Resource> };
    return { template, resources: Resources };
  } finally {
    rmSync(outdir, { recursive: true });
  }
}

/** Resources of one type, by logical id. */
export function ofType({ resources }: Synthesis, type: string): readonly [string, Resource][] {
  return Object.entries(resources).filter(([, resource]) => resource.Type === type);
}

/** Fails unless a resource of the type has the properties, which may be matchers. */
export function checkResource({ template }: Synthesis, type: string, properties: unknown): void {
  template.hasResourceProperties(type, properties);
}
