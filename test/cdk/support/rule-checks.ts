import * as z from "zod";

import { isAllowed, statementsOfRole } from "./iam.ts";
import { type Check, has, names, unless } from "./resource-checks.ts";
import { textOf } from "./template-values.ts";

const targetSchema = z.object({
  Arn: z.unknown(),
  BatchParameters: z.object({ JobDefinition: z.unknown() }).optional(),
  RoleArn: z.object({ "Fn::GetAtt": z.tuple([z.string(), z.literal("Arn")]) }).optional(),
});
const ruleSchema = z.object({ Targets: z.tuple([targetSchema]) });

/** A rule of EventBridge: it tells how jobs end, or starts GPU workers. */
export const ruleCheck: Check = (checked) => {
  const [{ BatchParameters, RoleArn, Arn }] = ruleSchema.parse(checked.Properties).Targets;
  const { resources } = checked.stack;
  const isEnabled = has(checked, { State: "ENABLED" });
  if (BatchParameters === undefined) {
    const isTold = checked.uses.some(([, { Properties }]) =>
      JSON.stringify(Properties ?? {}).includes('"EventBridgeEnabled":true'),
    );
    return [
      ...isEnabled,
      ...names(checked, "AWS::S3::Bucket", "AWS::SNS::Topic"),
      ...unless(isTold, "the bucket tells EventBridge nothing"),
    ];
  }
  const statements = statementsOfRole(resources, RoleArn?.["Fn::GetAtt"][0] ?? "none");
  const mayNot = [Arn, BatchParameters.JobDefinition]
    .map((named) => textOf(resources, named))
    .filter((resource) => !isAllowed(statements, { action: "batch:SubmitJob", resource }));
  return [
    ...isEnabled,
    ...names(
      checked,
      "AWS::Batch::JobQueue",
      "AWS::Batch::JobDefinition",
      "AWS::CloudWatch::Alarm",
    ),
    ...mayNot.map((resource) => `may not submit to ${resource}`),
  ];
};
