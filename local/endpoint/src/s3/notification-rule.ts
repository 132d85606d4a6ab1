import { randomUUID } from "node:crypto";

import * as z from "zod";

import { AwsError, invalidArgument, notImplemented } from "../aws-error.ts";
import { element, parseXml, type XmlContent } from "../xml.ts";

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
export function ruleMatches(
  { events, prefix, suffix }: NotificationRule,
  { name, key }: { readonly name: string; readonly key: string },
): boolean {
  return (
    events.some((pattern) => eventMatches(pattern, `s3:${name}`)) &&
    key.startsWith(prefix) &&
    key.endsWith(suffix)
  );
}

const queueSchema = element({
  Id: z.string().optional(),
  Queue: z.string(),
  Event: z.array(z.string()).min(1),
  Filter: element({
    S3Key: element({
      FilterRule: z
        .array(element({ Name: z.string().default(""), Value: z.string().default("") }))
        .default([]),
    }).optional(),
  }).optional(),
});
const configurationSchema = element({ QueueConfiguration: z.array(queueSchema).default([]) });

/**
 * Parses a NotificationConfiguration.
 *
 * @throws AwsError for other destinations than queues (501), for unknown events
 *   and filters, and for rules that could both want one event.
 */
export function parseNotificationRules(xml: string): NotificationRule[] {
  const configuration = parseXml(xml, "NotificationConfiguration", configurationSchema);
  const other = Object.keys(configuration).find(
    (name) => name !== "QueueConfiguration" && name !== "#text",
  );
  if (other !== undefined) throw notImplemented(`the notification destination ${other}`);
  const rules = configuration.QueueConfiguration.map(toRule);
  checkOverlap(rules);
  return rules;
}

function toRule({ Id, Queue, Event, Filter }: z.output<typeof queueSchema>): NotificationRule {
  const unknown = Event.find((event) => !EVENTS.includes(event));
  if (unknown !== undefined) {
    throw invalidArgument("The event is not supported for notifications", "Event", unknown);
  }
  const filters = Filter?.S3Key?.FilterRule ?? [];
  const values = new Map(filters.map(({ Name, Value }) => [Name.toLowerCase(), Value]));
  const other = [...values.keys()].find((name) => name !== "prefix" && name !== "suffix");
  if (other !== undefined) {
    const message = "filter rule name must be either prefix or suffix";
    throw invalidArgument(message, "FilterRule.Name", other);
  }
  if (values.size < filters.length) {
    const message = "Cannot specify more than one prefix or suffix rule in a filter.";
    throw new AwsError("InvalidArgument", message);
  }
  return {
    id: Id ?? randomUUID(),
    queueArn: Queue,
    events: Event,
    prefix: values.get("prefix") ?? "",
    suffix: values.get("suffix") ?? "",
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
          "InvalidArgument",
          `Configurations overlap. Configurations on the same bucket cannot share a common event type: prefixes '${a.prefix}' and '${b.prefix}', suffixes '${a.suffix}' and '${b.suffix}'`,
        );
      }
    }
  }
}

export function renderNotificationRules(rules: readonly NotificationRule[]): XmlContent {
  return {
    QueueConfiguration: rules.map(({ id, queueArn, events, prefix, suffix }) => {
      const filters = [
        { Name: "Prefix", Value: prefix },
        { Name: "Suffix", Value: suffix },
      ].filter(({ Value }) => Value !== "");
      const Filter = filters.length === 0 ? undefined : { S3Key: { FilterRule: filters } };
      return { Id: id, Queue: queueArn, Event: events, Filter };
    }),
  };
}

function eventMatches(pattern: string, event: string): boolean {
  return pattern.endsWith("*") ? event.startsWith(pattern.slice(0, -1)) : pattern === event;
}
