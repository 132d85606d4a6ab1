import { randomUUID } from "node:crypto";

import { z } from "zod";

import { AwsError, invalidArgument, notImplemented } from "../aws-error.ts";
import {
  childNames,
  childrenOf,
  childText,
  malformedXml,
  parseXml,
  type XmlContent,
  type XmlNode,
} from "../xml.ts";

/** Which events of a bucket go to which queue. */
export const notificationRuleSchema = z.object({
  id: z.string(),
  queueArn: z.string(),
  /** `s3:ObjectCreated:*`, `s3:ObjectRemoved:Delete`, ... */
  events: z.array(z.string()),
  prefix: z.string(),
  suffix: z.string(),
});
export type NotificationRule = Readonly<z.infer<typeof notificationRuleSchema>>;

/** The events the endpoint can make happen; S3 has more, for features that are not here. */
const EVENTS = [
  "s3:ObjectCreated:*",
  "s3:ObjectCreated:Put",
  "s3:ObjectCreated:Post",
  "s3:ObjectCreated:Copy",
  "s3:ObjectCreated:CompleteMultipartUpload",
  "s3:ObjectRemoved:*",
  "s3:ObjectRemoved:Delete",
];

/** Whether a rule wants an event, named without `s3:` as in event records. */
export function ruleMatches(rule: NotificationRule, eventName: string, key: string): boolean {
  return (
    rule.events.some((pattern) => eventMatches(pattern, `s3:${eventName}`)) &&
    key.startsWith(rule.prefix) &&
    key.endsWith(rule.suffix)
  );
}

/**
 * Parses a NotificationConfiguration.
 *
 * @throws AwsError for other destinations than queues (501), for unknown events
 *   and filters, and for rules that could both want one event.
 */
export function parseNotificationRules(xml: string): NotificationRule[] {
  const root = parseXml(xml, "NotificationConfiguration");
  for (const name of childNames(root)) {
    if (name !== "QueueConfiguration") throw notImplemented(`the notification destination ${name}`);
  }
  const rules = childrenOf(root, "QueueConfiguration").map(parseVjp);
  checkOverlap(rules);
  return rules;
}

function parseVjp(node: XmlNode): NotificationRule {
  const queueArn = childText(node, "Queue");
  const events = childrenOf(node, "Event");
  if (queueArn === null || events.length === 0) throw malformedXml();
  const unknown = events.find((event) => typeof event !== "string" || !EVENTS.includes(event));
  if (unknown !== undefined) {
    throw invalidArgument(
      "The event is not supported for notifications",
      "Event",
      typeof unknown === "string" ? unknown : JSON.stringify(unknown),
    );
  }
  const filters = childrenOf(node, "Filter")
    .flatMap((filter) => childrenOf(filter, "S3Key"))
    .flatMap((filter) => childrenOf(filter, "FilterRule"))
    .map((filter) => ({
      name: childText(filter, "Name")?.toLowerCase() ?? "",
      value: childText(filter, "Value") ?? "",
    }));
  const names = filters.map(({ name }) => name);
  if (names.some((name) => name !== "prefix" && name !== "suffix")) {
    throw invalidArgument("filter rule name must be either prefix or suffix", "FilterRule.Name");
  }
  if (new Set(names).size < names.length) {
    throw invalidArgument("Cannot specify more than one prefix or suffix rule in a filter.");
  }
  return {
    id: childText(node, "Id") ?? randomUUID(),
    queueArn,
    events: events.map(String),
    prefix: filters.find(({ name }) => name === "prefix")?.value ?? "",
    suffix: filters.find(({ name }) => name === "suffix")?.value ?? "",
  };
}

/** @throws AwsError if one event could match two rules, or two rules have one id. */
export function checkOverlap(rules: readonly NotificationRule[]): void {
  for (const [index, a] of rules.entries()) {
    for (const b of rules.slice(index + 1)) {
      if (a.id === b.id) {
        throw invalidArgument(
          "Same ID used for multiple configurations. IDs must be unique",
          "Id",
          a.id,
        );
      }
      const shareEvent = a.events.some((x) =>
        b.events.some((y) => eventMatches(x, y) || eventMatches(y, x)),
      );
      const sharePrefix = a.prefix.startsWith(b.prefix) || b.prefix.startsWith(a.prefix);
      const shareSuffix = a.suffix.endsWith(b.suffix) || b.suffix.endsWith(a.suffix);
      if (shareEvent && sharePrefix && shareSuffix) {
        throw new AwsError(
          400,
          "InvalidArgument",
          `Configurations overlap. Configurations on the same bucket cannot share a common event type: prefixes '${a.prefix}' and '${b.prefix}', suffixes '${a.suffix}' and '${b.suffix}'`,
        );
      }
    }
  }
}

export function renderNotificationRules(rules: readonly NotificationRule[]): XmlContent {
  return {
    QueueConfiguration: rules.map((rule) => ({
      Id: rule.id,
      Queue: rule.queueArn,
      Event: rule.events,
      Filter: renderFilter(rule),
    })),
  };
}

function renderFilter({ prefix, suffix }: NotificationRule): XmlContent | undefined {
  const rules = [
    { Name: "Prefix", Value: prefix },
    { Name: "Suffix", Value: suffix },
  ].filter(({ Value }) => Value !== "");
  return rules.length === 0 ? undefined : { S3Key: { FilterRule: rules } };
}

function eventMatches(pattern: string, event: string): boolean {
  return pattern.endsWith("*") ? event.startsWith(pattern.slice(0, -1)) : pattern === event;
}
