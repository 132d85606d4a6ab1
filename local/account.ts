/** The local account: what a client needs to know besides the endpoint's address. */
export const REGION = "us-east-1";
export const BUCKET = "dreamgrid";
/** No secret: the endpoint listens on loopback only. */
export const CREDENTIALS = {
  accessKeyId: "dreamgrid",
  secretAccessKey: "dreamgrid-local",
} as const;

export const QUEUE_NAMES = {
  requests: "dreamgrid-requests",
  requestsDead: "dreamgrid-requests-dead",
  channels: "dreamgrid-channels",
  channelsDead: "dreamgrid-channels-dead",
  assembly: "dreamgrid-assembly",
  assemblyDead: "dreamgrid-assembly-dead",
} as const;

export type QueueRole = keyof typeof QUEUE_NAMES;

/** How clients, ours included, reach the local S3 and SQS. */
export interface LocalConnection {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

export function localConnection(endpoint: string): LocalConnection {
  return { endpoint, region: REGION, credentials: CREDENTIALS };
}
