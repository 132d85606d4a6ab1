import type { IRestApi, RestApi } from "aws-cdk-lib/aws-apigateway";
import type { IVpc, Vpc } from "aws-cdk-lib/aws-ec2";
import type { Bucket, IBucket } from "aws-cdk-lib/aws-s3";

/**
 * CDK is compiled without `exactOptionalPropertyTypes`; with it, some of its classes are not
 * assignable to their own interfaces. These views of a class are the one place that knows.
 */
export const asBucket = (bucket: Bucket) => bucket as IBucket;
export const asRestApi = (api: RestApi) => api as IRestApi;
export const asVpc = (vpc: Vpc) => vpc as IVpc;
