import { CfnModel, type RestApi } from "aws-cdk-lib/aws-apigateway";
import { Construct } from "constructs";
import * as z from "zod";

export interface RequestModelProps {
  readonly api: RestApi;
  readonly schema: z.ZodType;
  readonly description: string;
}

/**
 * API Gateway's model of a request body, made of the schema that the function checks with. What
 * JSON schema cannot say (a colour's name, a key that is no address) is left to the function.
 */
export class RequestModel extends Construct {
  readonly modelId: string;

  constructor(scope: Construct, id: string, props: RequestModelProps) {
    super(scope, id);
    const model = new CfnModel(this, "Model", {
      restApiId: props.api.restApiId,
      contentType: "application/json",
      description: props.description,
      schema: z.toJSONSchema(props.schema, {
        target: "draft-04", // the only one that API Gateway knows
        io: "input",
        override: ({ jsonSchema }) => {
          // zod's own bound of every integer says nothing, and is beyond a 32-bit one
          if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
          // API Gateway would say of `channels` and `targets` that "1 of 2 schemas" did not match;
          // the function names them
          delete jsonSchema.allOf;
        },
      }),
    });
    this.modelId = model.ref;
  }
}
