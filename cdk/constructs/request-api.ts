import { Stack } from "aws-cdk-lib";
import {
  AccessLogFormat,
  ApiKeySourceType,
  AuthorizationType,
  CfnMethod,
  EndpointType,
  GatewayResponse,
  LambdaIntegration,
  LogGroupLogDestination,
  MethodLoggingLevel,
  Period,
  RequestValidator,
  ResponseType,
  RestApi,
  type ThrottleSettings,
} from "aws-cdk-lib/aws-apigateway";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import { Construct } from "constructs";

import { PROBLEMS, problemType } from "../../functions/api/problem.ts";
import { ROUTES } from "../../functions/api/routes.ts";
import type { PipelineSettings } from "../settings.ts";
import { acknowledge } from "./acknowledge.ts";
import { asRestApi } from "./as-interface.ts";
import { createLogGroup } from "./log-group.ts";
import { RequestModel } from "./request-model.ts";

/** Requests that may come at once, in seconds of the sustained rate. */
const BURST_SECONDS = 2;
/** Of one API key: the sustained rate for an hour. */
const DAILY_QUOTA_SECONDS = 3_600;

type Throttle = Required<ThrottleSettings>;

export interface RequestApiProps extends Pick<PipelineSettings, "auth" | "requestsPerSecond"> {
  readonly handler: IFunction;
}

/** REST API: callers sign with SigV4, or send an API key; bodies are checked by model. */
export class RequestApi extends Construct {
  readonly api: RestApi;

  constructor(scope: Construct, id: string, props: RequestApiProps) {
    super(scope, id);
    const { auth, requestsPerSecond } = props;
    const throttle = {
      rateLimit: requestsPerSecond,
      burstLimit: BURST_SECONDS * requestsPerSecond,
    };
    this.api = this.#restApi(throttle);
    this.#addRoutes(props);
    this.#explainRefusals();
    if (auth === "api-key") this.#usagePlan(throttle);
    acknowledge(this.api, {
      "AwsSolutions-COG4":
        "callers are programs with AWS credentials (SigV4) or an API key, not people who sign in; a user pool would authenticate nobody",
      "AwsSolutions-APIG3":
        "no method answers a caller without credentials, stage and usage plan throttle, and the body is checked by model before the function sees it; a web ACL would add its monthly price and no rule",
    });
  }

  #restApi(throttle: Throttle): RestApi {
    const accessLog = createLogGroup(this, "AccessLog");
    const api = new RestApi(this, "Api", {
      // its metrics go by its name: not one that another API of the account may have
      restApiName: Stack.of(this).stackName,
      description: "dreamgrid: renders what the channels of a convolutional network respond to",
      endpointTypes: [EndpointType.REGIONAL],
      apiKeySourceType: ApiKeySourceType.HEADER,
      cloudWatchRole: true,
      deployOptions: {
        tracingEnabled: true,
        loggingLevel: MethodLoggingLevel.ERROR,
        accessLogDestination: new LogGroupLogDestination(accessLog),
        accessLogFormat: AccessLogFormat.jsonWithStandardFields(),
        throttlingRateLimit: throttle.rateLimit,
        throttlingBurstLimit: throttle.burstLimit,
      },
    });
    acknowledge(api, {
      "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]":
        "API Gateway's account-wide logging role; its log groups are created by the service under names not known before, so AWS documents this managed policy",
    });
    return api;
  }

  /** The function's own routes, with a model of the body where one is read. */
  #addRoutes({ handler, auth }: RequestApiProps): void {
    const { api } = this;
    const validator = new RequestValidator(this, "Validator", {
      restApi: asRestApi(api),
      validateRequestBody: true,
      validateRequestParameters: true,
    });
    // the console's test button would call the function past the stage's throttle and log
    const integration = new LambdaIntegration(handler, { allowTestInvoke: false });
    for (const { method, template, body } of ROUTES) {
      const added = api.root.resourceForPath(template).addMethod(method, integration, {
        requestValidator: validator,
        authorizationType: auth === "iam" ? AuthorizationType.IAM : AuthorizationType.NONE,
        apiKeyRequired: auth === "api-key",
      });
      const resource = added.node.defaultChild;
      if (!(resource instanceof CfnMethod)) throw new Error("internal: a method is no CfnMethod");
      if (body.schemaName !== null) {
        const description = `the body of ${method} ${template}`;
        const model = { api, schema: body.schema, description };
        const { modelId } = new RequestModel(this, body.schemaName, model);
        resource.requestModels = { "application/json": modelId };
      }
      if (auth === "api-key") {
        acknowledge(added, {
          "AwsSolutions-APIG4":
            "chosen with -c auth=api-key: the method asks for a key of the usage plan, which throttles each key and bounds it per day",
        });
      }
    }
  }

  /** In the form of the function's own answers: problem documents of RFC 9457. */
  #explainRefusals(): void {
    new GatewayResponse(this, "BadBody", {
      restApi: asRestApi(this.api),
      type: ResponseType.BAD_REQUEST_BODY,
      templates: {
        "application/problem+json": problemTemplate("$context.error.validationErrorString"),
      },
    });
  }

  #usagePlan(throttle: Throttle): void {
    const { api } = this;
    const plan = api.addUsagePlan("UsagePlan", {
      throttle,
      quota: { limit: throttle.rateLimit * DAILY_QUOTA_SECONDS, period: Period.DAY },
      apiStages: [{ api: asRestApi(api), stage: api.deploymentStage }],
    });
    plan.addApiKey(api.addApiKey("Key"));
  }
}

/** API Gateway puts values in place of its variables, escaped for JSON. */
function problemTemplate(detail: string): string {
  const kind = "invalid-request";
  const { status, title } = PROBLEMS[kind];
  return JSON.stringify({ type: problemType(kind), title, status, detail, problems: [detail] });
}
