import { type Check, has, isUsedBy, names, unless } from "./resource-checks.ts";

const API = "AWS::ApiGateway::RestApi";

const gateway: Readonly<Record<string, Check>> = {
  [API]: (checked) => [
    ...has(checked, { EndpointConfiguration: { Types: ["REGIONAL"] } }),
    // its metrics go by its name, which other APIs of the account may have
    ...unless(checked.Properties["Name"] === "Dreamgrid", "has a name that others may have"),
  ],
  "AWS::ApiGateway::Account": (checked) => names(checked, "AWS::IAM::Role"),
  "AWS::ApiGateway::Deployment": (checked) => {
    const after = new Set(checked.DependsOn ?? []);
    return Object.entries(checked.stack.resources).flatMap(([id, { Type }]) =>
      unless(Type !== "AWS::ApiGateway::Method" || after.has(id), `is made without ${id}`),
    );
  },
  "AWS::ApiGateway::Stage": (checked) => [
    ...names(checked, API, "AWS::ApiGateway::Deployment", "AWS::Logs::LogGroup"),
    ...unless(
      JSON.stringify(checked.Properties["MethodSettings"] ?? "").includes("ThrottlingRateLimit"),
      "is not throttled",
    ),
  ],
  "AWS::ApiGateway::Resource": (checked) => [
    ...names(checked, API),
    ...isUsedBy(checked, "AWS::ApiGateway::Resource", "AWS::ApiGateway::Method"),
  ],
  "AWS::ApiGateway::Method": (checked) => {
    const permitted = Object.entries(checked.stack.resources).filter(
      ([id, { Type }]) =>
        Type === "AWS::Lambda::Permission" &&
        id.startsWith(`${checked.id.slice(0, -8)}ApiPermission`),
    );
    return [
      ...names(checked, API, "AWS::Lambda::Function", "AWS::ApiGateway::RequestValidator"),
      ...unless(permitted.length === 1, "may not call its function"),
      ...unless(
        checked.Properties["AuthorizationType"] === "AWS_IAM" ||
          checked.Properties["ApiKeyRequired"] === true,
        "is open to everybody",
      ),
    ];
  },
  "AWS::ApiGateway::Model": (checked) => isUsedBy(checked, "AWS::ApiGateway::Method"),
  "AWS::ApiGateway::RequestValidator": (checked) => [
    ...isUsedBy(checked, "AWS::ApiGateway::Method"),
    ...has(checked, { ValidateRequestBody: true, ValidateRequestParameters: true }),
  ],
  "AWS::ApiGateway::GatewayResponse": (checked) => [
    ...names(checked, API),
    ...has(checked, { ResponseType: "BAD_REQUEST_BODY" }),
  ],
  "AWS::Lambda::Permission": (checked) => [
    ...names(checked, "AWS::Lambda::Function", API, "AWS::ApiGateway::Stage"),
    ...has(checked, { Principal: "apigateway.amazonaws.com", Action: "lambda:InvokeFunction" }),
  ],
};

const network: Readonly<Record<string, Check>> = {
  "AWS::EC2::VPC": (checked) => isUsedBy(checked, "AWS::EC2::VPCGatewayAttachment"),
  "AWS::EC2::Subnet": (checked) => [
    ...isUsedBy(checked, "AWS::EC2::SubnetRouteTableAssociation"),
    ...isUsedBy(checked, "AWS::Batch::ComputeEnvironment"),
  ],
  "AWS::EC2::RouteTable": (checked) => [
    ...isUsedBy(checked, "AWS::EC2::Route"),
    ...isUsedBy(checked, "AWS::EC2::SubnetRouteTableAssociation"),
    ...isUsedBy(checked, "AWS::EC2::VPCEndpoint"),
  ],
  "AWS::EC2::SubnetRouteTableAssociation": (checked) =>
    names(checked, "AWS::EC2::Subnet", "AWS::EC2::RouteTable"),
  // to all addresses by the gateway, once it is attached
  "AWS::EC2::Route": (checked) => [
    ...has(checked, { DestinationCidrBlock: "0.0.0.0/0" }),
    ...names(checked, "AWS::EC2::InternetGateway", "AWS::EC2::VPCGatewayAttachment"),
  ],
  "AWS::EC2::InternetGateway": (checked) => isUsedBy(checked, "AWS::EC2::VPCGatewayAttachment"),
  "AWS::EC2::VPCGatewayAttachment": (checked) =>
    names(checked, "AWS::EC2::VPC", "AWS::EC2::InternetGateway"),
  "AWS::EC2::VPCEndpoint": (checked) => has(checked, { VpcEndpointType: "Gateway" }),
  "AWS::EC2::FlowLog": (checked) => [
    ...names(checked, "AWS::Logs::LogGroup", "AWS::IAM::Role", "AWS::EC2::VPC"),
    ...has(checked, { TrafficType: "ALL" }),
  ],
  "AWS::EC2::SecurityGroup": (checked) => [
    ...unless(!("SecurityGroupIngress" in checked.Properties), "lets somebody in"),
    ...isUsedBy(checked, "AWS::Batch::ComputeEnvironment"),
  ],
};

const fleet: Readonly<Record<string, Check>> = {
  "AWS::EC2::LaunchTemplate": (checked) => [
    ...isUsedBy(checked, "AWS::Batch::ComputeEnvironment"),
    ...unless(
      JSON.stringify(checked.Properties).includes('"HttpTokens":"required"'),
      "answers IMDSv1",
    ),
  ],
  "AWS::IAM::InstanceProfile": (checked) => [
    ...names(checked, "AWS::IAM::Role"),
    ...isUsedBy(checked, "AWS::Batch::ComputeEnvironment"),
  ],
  "AWS::Batch::ComputeEnvironment": (checked) => [
    ...names(checked, "AWS::EC2::LaunchTemplate", "AWS::IAM::InstanceProfile", "AWS::EC2::Subnet"),
    ...has(checked, { Type: "managed", State: "ENABLED" }),
    ...unless(
      JSON.stringify(checked.Properties).includes('"MinvCpus":0'),
      "keeps instances without work",
    ),
    ...isUsedBy(checked, "AWS::Batch::JobQueue"),
  ],
  "AWS::Batch::JobQueue": (checked) => [
    ...has(checked, { State: "ENABLED" }),
    ...isUsedBy(checked, "AWS::Lambda::Function"),
    ...isUsedBy(checked, "AWS::Events::Rule"),
  ],
  "AWS::Batch::JobDefinition": (checked) => [
    ...names(checked, "AWS::IAM::Role", "AWS::Logs::LogGroup", "AWS::SQS::Queue"),
    ...isUsedBy(checked, "AWS::Lambda::Function"),
    ...isUsedBy(checked, "AWS::Events::Rule"),
    ...unless(JSON.stringify(checked.Properties).includes('"Type":"GPU"'), "has no GPU"),
  ],
};

export const GATEWAY_AND_FLEET_CHECKS = { ...gateway, ...network, ...fleet };
