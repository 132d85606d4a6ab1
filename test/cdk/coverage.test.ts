import { expect, test } from "vitest";

import { GATEWAY_AND_FLEET_CHECKS } from "./support/gateway-and-fleet-checks.ts";
import { problemsIn, problemsOf } from "./support/resource-checks.ts";
import { STACK_CHECKS } from "./support/stack-checks.ts";
import { type Resource, type Synthesis, synthesise } from "./support/synthesise.ts";

const CHECKS = { ...STACK_CHECKS, ...GATEWAY_AND_FLEET_CHECKS };

/** Without GPU workers it is a part of that. */
const full = synthesise({ gpu: "batch" });

test("each resource is checked, and as it has to be", () => {
  expect(Object.keys(full.resources).length).toBeGreaterThan(130);
  expect(problemsOf(full, CHECKS)).toEqual([]);
});

/** The stack with one resource changed, or gone. */
function changed(id: string, change: ((resource: Resource) => Resource) | null): Synthesis {
  const { [id]: resource, ...others } = full.resources;
  const resources = change === null ? others : { ...others, [id]: change(resource!) };
  return { ...full, resources };
}

test("a resource of a kind that is not checked is found", () => {
  const stack: Synthesis = {
    ...full,
    resources: { ...full.resources, Extra: { Type: "AWS::EC2::Instance", Properties: {} } },
  };
  expect(problemsOf(stack, CHECKS)).toEqual(["Extra: no check of AWS::EC2::Instance"]);
});

/** Resources whose absence harms nothing that stays, and so is seen by snapshots alone. */
const MISSED_BY_NOBODY =
  /::(Alarm|Dashboard|FlowLog|GatewayResponse|Account|Rule|EventSourceMapping|Route)$/;

test("a resource that is gone is missed by one that needs it", () => {
  const unmissed = Object.entries(full.resources).filter(
    ([id, { Type }]) =>
      !MISSED_BY_NOBODY.test(Type) && problemsIn(changed(id, null), CHECKS).next().done,
  );
  expect(unmissed.map(([id]) => id)).toEqual([]);
});

test("an alarm on a metric that nobody sends is found", () => {
  const alarm = Object.entries(full.resources).find(([id]) => /intakeerrors/.test(id))![0];
  const renamed = (Properties: object) =>
    problemsOf(
      changed(alarm, (resource) => ({
        ...resource,
        Properties: { ...resource.Properties, ...Properties },
      })),
      CHECKS,
    );
  expect(renamed({ MetricName: "Mistakes" })).toEqual([
    `${alarm}: AWS/Lambda has no metric Mistakes`,
  ]);
  expect(renamed({ Namespace: "AWS/SQS" })).toHaveLength(2);
  expect(renamed({ Dimensions: [{ Name: "Function", Value: "intake" }] })).not.toEqual([]);
});

test.each(["AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy", "AWS::S3::BucketPolicy"])(
  "a policy that does not say what it has to is found: %s",
  (type) => {
    for (const [id, { Type }] of Object.entries(full.resources)) {
      if (Type !== type) continue;
      const PolicyDocument = { Version: "2012-10-17", Statement: [] };
      const emptied = changed(id, (resource) => ({
        ...resource,
        Properties: { ...resource.Properties, PolicyDocument },
      }));
      expect(problemsOf(emptied, CHECKS)).toContain(`${id}: lets plain HTTP in`);
    }
  },
);

test.each(["AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy"])(
  "a policy that lets a service act for other accounts is found: %s",
  (type) => {
    const conditioned = Object.entries(full.resources).filter(
      ([, { Type, Properties }]) =>
        Type === type && JSON.stringify(Properties).includes("aws:SourceAccount"),
    );
    expect(conditioned).not.toEqual([]);
    for (const [id] of conditioned) {
      const loose = changed(id, (resource) => ({
        ...resource,
        Properties: JSON.parse(JSON.stringify(resource.Properties), (key, value) =>
          key === "Condition" && !JSON.stringify(value).includes("SecureTransport")
            ? undefined
            : value,
        ),
      }));
      expect(problemsOf(loose, CHECKS)).toContainEqual(
        expect.stringMatching(new RegExp(`^${id}: \\w+\\.amazonaws\\.com may for other accounts$`)),
      );
    }
  },
);
