import { expect, test } from "vitest";
import * as z from "zod";

import { ROUTES } from "../../functions/api/routes.ts";
import { functionId, idOf } from "./support/needed-calls.ts";
import { ofType, synthesise } from "./support/synthesise.ts";

const stack = synthesise();
const api = idOf(stack, "AWS::ApiGateway::RestApi", /^Api/);
const apiFunction = { "Fn::GetAtt": [functionId(stack, "api"), "Arn"] };

const partSchema = z.object({
  PathPart: z.string(),
  ParentId: z.union([
    z.object({ Ref: z.string() }),
    z.object({ "Fn::GetAtt": z.tuple([z.literal(api), z.literal("RootResourceId")]) }),
  ]),
});
const methodSchema = z.object({
  HttpMethod: z.string(),
  ResourceId: z.object({ Ref: z.string() }),
  Integration: z.object({
    Type: z.string(),
    IntegrationHttpMethod: z.string(),
    Uri: z.object({ "Fn::Join": z.tuple([z.literal(""), z.array(z.unknown())]) }),
  }),
});
const permissionSchema = z.object({
  FunctionName: z.unknown(),
  SourceArn: z.object({ "Fn::Join": z.tuple([z.literal(""), z.array(z.unknown())]) }),
});

/** Of a resource of the gateway, by those that it lies in. */
function pathOf(id: string): string {
  const { PathPart, ParentId } = partSchema.parse(stack.resources[id]?.Properties);
  return `${"Ref" in ParentId ? pathOf(ParentId.Ref) : ""}/${PathPart}`;
}

test("each path and method of the gateway is a route's, and calls the function", () => {
  const methods = ofType(stack, "AWS::ApiGateway::Method").map(([, { Properties }]) => {
    const { HttpMethod, ResourceId, Integration } = methodSchema.parse(Properties);
    // a function is called by POST, whatever it is called about
    expect(Integration).toMatchObject({ Type: "AWS_PROXY", IntegrationHttpMethod: "POST" });
    expect(Integration.Uri["Fn::Join"][1]).toEqual([
      "arn:",
      { Ref: "AWS::Partition" },
      ":apigateway:",
      { Ref: "AWS::Region" },
      ":lambda:path/2015-03-31/functions/",
      apiFunction,
      "/invocations",
    ]);
    return `${HttpMethod} ${pathOf(ResourceId.Ref)}`;
  });
  const routes = ROUTES.map(({ method, template }) => `${method} ${template}`);
  expect(methods.toSorted()).toEqual(routes.toSorted());
});

test("the gateway may call the function for each route of its stage, and for nothing else", () => {
  const stage = idOf(stack, "AWS::ApiGateway::Stage", /^Api/);
  const permitted = ofType(stack, "AWS::Lambda::Permission").map(([, { Properties }]) => {
    const { FunctionName, SourceArn } = permissionSchema.parse(Properties);
    expect(FunctionName).toEqual(apiFunction);
    const parts = SourceArn["Fn::Join"][1];
    expect(parts.slice(0, -1)).toEqual([
      "arn:",
      { Ref: "AWS::Partition" },
      ":execute-api:",
      { Ref: "AWS::Region" },
      ":",
      { Ref: "AWS::AccountId" },
      ":",
      { Ref: api },
      "/",
      { Ref: stage },
    ]);
    return String(parts.at(-1));
  });
  const routes = ROUTES.map(
    ({ method, template }) => `/${method}${template.replaceAll(/\{\w+\}/g, "*")}`,
  );
  expect(permitted.toSorted()).toEqual(routes.toSorted());
});
