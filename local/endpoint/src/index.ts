/** The package's public face: everything that its users import. */
export { ACCOUNT_ID, CREDENTIALS, queueArn, REGION } from "./account.ts";
export { ManualClock } from "./clock.ts";
export type { Clock } from "./clock.ts";
export { startEndpoint } from "./endpoint.ts";
export type { Endpoint } from "./endpoint.ts";
export type { FaultPlan, QueueFaults } from "./faults.ts";
export type {
  BucketOptions,
  EndpointOptions,
  NotificationOptions,
  QueueOptions,
} from "./options.ts";
export type { QueueCounters } from "./sqs/queue-types.ts";
export { DamagedFileError } from "./storage/damaged-file.ts";
export { DataFolderInUseError } from "./storage/folder-lock.ts";
