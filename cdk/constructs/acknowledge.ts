import { CfnElement, Stack, Validations } from "aws-cdk-lib";
import type { IConstruct } from "constructs";

/** Accepts findings of cdk-nag on a construct, each with its reason, for auditors. */
export function acknowledge(
  construct: IConstruct,
  reasons: Readonly<Record<`AwsSolutions-${string}`, string>>,
): void {
  const rules = Object.entries(reasons).map(([id, reason]) => ({ id, reason }));
  Validations.of(construct).acknowledge(...rules);
}

/** A resource's id in the template, by which cdk-nag's findings name it. */
export function logicalId(construct: IConstruct): string {
  const resource = construct.node.defaultChild;
  if (!CfnElement.isCfnElement(resource)) {
    throw new Error(`internal: ${construct.node.path} is not one resource`);
  }
  return Stack.of(construct).getLogicalId(resource);
}
