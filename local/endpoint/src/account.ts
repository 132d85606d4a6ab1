/** Account and region that the endpoint pretends to be; parts of queue URLs and ARNs. */
export const ACCOUNT_ID = "000000000000";
export const REGION = "us-east-1";

export const queueArn = (name: string) => `arn:aws:sqs:${REGION}:${ACCOUNT_ID}:${name}`;

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Of everybody who calls it. */
export const CREDENTIALS: Credentials = {
  accessKeyId: "dreamgrid",
  secretAccessKey: "dreamgrid-local",
};
