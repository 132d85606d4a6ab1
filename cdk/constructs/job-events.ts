import { Stack } from "aws-cdk-lib";
import { EventField, type IRuleTarget, Rule, RuleTargetInput } from "aws-cdk-lib/aws-events";
import { PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { IBucket } from "aws-cdk-lib/aws-s3";
import { Topic } from "aws-cdk-lib/aws-sns";
import { Construct } from "constructs";

import { ENDED_FOLDER, JOB_PREFIX } from "../../lib/pipeline/keys.ts";

export interface JobEventsProps {
  /** Sends its events to EventBridge. */
  readonly bucket: IBucket;
}

/**
 * A topic that tells how each job ended. S3 itself sends the event, at least once, as the marker of
 * the end is written: no code of ours can forget it, or be killed before it.
 */
export class JobEvents extends Construct {
  readonly topic: Topic;

  constructor(scope: Construct, id: string, { bucket }: JobEventsProps) {
    super(scope, id);
    this.topic = new Topic(this, "Topic", { enforceSSL: true });
    const key = EventField.fromPath("$.detail.object.key");
    const rule = new Rule(this, "Ended", {
      description: "a job ended: the last part of the key says how",
      eventPattern: {
        source: ["aws.s3"],
        detailType: ["Object Created"],
        detail: {
          bucket: { name: [bucket.bucketName] },
          object: { key: [{ wildcard: `${JOB_PREFIX}*/${ENDED_FOLDER}*` }] },
        },
      },
    });
    const input = RuleTargetInput.fromObject({
      bucket: EventField.fromPath("$.detail.bucket.name"),
      key,
      time: EventField.fromPath("$.time"),
    });
    rule.addTarget(target(this.topic, input));
    letRulePublish(this.topic, rule);
  }
}

/**
 * As CDK's `SnsTopic`, which would also let every rule of every account publish to the topic.
 * `letRulePublish` lets this one alone.
 */
function target({ topicArn }: Topic, input: RuleTargetInput): IRuleTarget {
  return { bind: () => ({ arn: topicArn, input }) };
}

function letRulePublish(topic: Topic, rule: Rule): void {
  topic.addToResourcePolicy(
    new PolicyStatement({
      sid: "EndsOfJobs",
      principals: [new ServicePrincipal("events.amazonaws.com")],
      actions: ["sns:Publish"],
      resources: [topic.topicArn],
      conditions: {
        StringEquals: { "aws:SourceAccount": Stack.of(topic).account },
        ArnEquals: { "aws:SourceArn": rule.ruleArn },
      },
    }),
  );
}
