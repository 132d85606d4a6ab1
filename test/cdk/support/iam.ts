import * as z from "zod";

import type { Resource } from "./synthesise.ts";
import { textOf } from "./template-values.ts";

type Resources = Readonly<Record<string, Resource>>;

/** One call, as IAM sees it. */
export interface Action {
  /** Such as `s3:GetObject`. */
  readonly action: string;
  /** ARN. */
  readonly resource: string;
  /** Condition keys that the call has, such as `aws:SourceAccount`. */
  readonly context?: Readonly<Record<string, string>>;
}

const some = z.union([z.unknown().array(), z.unknown().transform((one) => [one])]);
const statementSchema = z.strictObject({
  Sid: z.string().optional(),
  Effect: z.enum(["Allow", "Deny"]),
  Action: some,
  Resource: some,
  Principal: z.unknown().optional(),
  Condition: z.record(z.string(), z.record(z.string(), z.unknown())).optional(),
});
const documentSchema = z.object({ Statement: z.array(statementSchema) });

export interface Statement {
  readonly effect: "Allow" | "Deny";
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  /** Services, by their principals. */
  readonly services: readonly string[];
  readonly conditions: readonly (readonly [operator: string, key: string, value: string])[];
}

/** Statements of a policy document in which everything is text. */
export function statementsOf(resources: Resources, document: unknown): readonly Statement[] {
  const text = (value: unknown) => textOf(resources, value);
  return documentSchema.parse(document).Statement.map((statement) => ({
    effect: statement.Effect,
    actions: statement.Action.map(text),
    resources: statement.Resource.map(text),
    services: servicesOf(statement.Principal),
    conditions: Object.entries(statement.Condition ?? {}).flatMap(([operator, keys]) =>
      Object.entries(keys).map(([key, value]) => [operator, key, text(value)] as const),
    ),
  }));
}

/** What a role may do by the policies of the template: its own, and those attached to it. */
export function statementsOfRole(resources: Resources, roleId: string): readonly Statement[] {
  const attached = Object.values(resources).filter(
    ({ Type, Properties }) =>
      Type === "AWS::IAM::Policy" &&
      z
        .array(z.object({ Ref: z.string() }))
        .parse(Properties["Roles"])
        .some(({ Ref }) => Ref === roleId),
  );
  const own = z
    .array(z.object({ PolicyDocument: z.unknown() }))
    .optional()
    .parse(resources[roleId]?.Properties["Policies"]);
  return [
    ...attached.map(({ Properties }) => Properties["PolicyDocument"]),
    ...(own ?? []).map(({ PolicyDocument }) => PolicyDocument),
  ].flatMap((document) => statementsOf(resources, document));
}

/**
 * IAM's decision: a statement that denies wins, else one that allows is needed.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */
export function isAllowed(statements: readonly Statement[], call: Action): boolean {
  const about = statements.filter((statement) => isAbout(statement, call));
  return (
    about.some(({ effect }) => effect === "Allow") && about.every(({ effect }) => effect !== "Deny")
  );
}

function isAbout({ actions, resources, conditions }: Statement, call: Action): boolean {
  return (
    actions.some((pattern) => matches(pattern, call.action, "i")) &&
    resources.some((pattern) => matches(pattern, call.resource)) &&
    conditions.every(([operator, key, value]) => holds(operator, value, call.context?.[key]))
  );
}

/** A key that the call does not have makes no condition true. @throws Error for other operators */
function holds(operator: string, wanted: string, given: string | undefined): boolean {
  if (given === undefined) return false;
  switch (operator) {
    case "StringEquals":
    case "Bool":
      return given === wanted;
    case "ArnLike":
    case "ArnEquals":
      return matches(wanted, given);
    case "NumericLessThan":
      return Number(given) < Number(wanted);
    default:
      throw new Error(`a policy has the condition ${operator}, which is not evaluated here`);
  }
}

function matches(pattern: string, text: string, flags = ""): boolean {
  const escaped = pattern.replaceAll(/[.+^${}()|[\]\\]/g, "\\$&");
  const expression = escaped.replaceAll("*", ".*").replaceAll("?", ".");
  return new RegExp(`^${expression}$`, `s${flags}`).test(text);
}

function servicesOf(principal: unknown): string[] {
  const parsed = z.object({ Service: z.string() }).safeParse(principal);
  return parsed.success ? [parsed.data.Service] : [];
}
