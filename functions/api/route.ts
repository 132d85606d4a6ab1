import type * as z from "zod";

import type { AcceptDeps } from "../../lib/pipeline/job/accept-request.ts";
import type { LiveSteps } from "../../lib/pipeline/job/job-pace.ts";
import type { JobPlan } from "../../lib/pipeline/job/plan.ts";
import type { ObjectLinks } from "../../lib/storage/object-store.ts";
import type { Log } from "../log.ts";
import type { ApiRequest } from "./api-request.ts";
import {
  checkInput,
  type InputDefinition,
  type ParameterSchema,
  type RouteInput,
} from "./check-input.ts";
import type { ProblemKind } from "./problem.ts";

export interface ApiDeps extends AcceptDeps {
  readonly links: ObjectLinks;
  /** What a process that renders knows of a job. @default the images are rendered elsewhere */
  readonly liveSteps?: (jobId: string) => LiveSteps | null;
  /** Told of each job that a request has become, new or not. */
  readonly onAccepted?: (plan: JobPlan) => void;
  /** With networks that are published again whenever they are not there. @default none */
  readonly networkFolders?: readonly string[];
  /** A name for an upload that nothing else has. */
  readonly newId: () => string;
  readonly log: Log;
}

export interface Success<Schema extends z.ZodType> {
  readonly status: 200 | 201 | 202 | 302;
  readonly description: string;
  readonly schema: Schema;
  /** Name of the schema in the OpenAPI document. */
  readonly schemaName: string;
  /** What the answer's own headers mean. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** One method of one path: what it takes, what it answers, and how. */
export interface RouteDefinition<
  Path extends ParameterSchema,
  Query extends ParameterSchema,
  Body extends z.ZodType,
  Answer extends z.ZodType,
> extends InputDefinition<Path, Query, Body> {
  readonly method: "GET" | "POST" | "DELETE";
  /** Such as `/jobs/{jobId}`. */
  readonly template: string;
  readonly operationId: string;
  readonly summary: string;
  readonly success: Success<Answer>;
  /** Nothing that is stored is looked at for the answer. @default something is */
  readonly isOfCodeAlone?: true;
  /** Besides those that every route has. */
  readonly problems: readonly ProblemKind[];
  readonly handle: (
    input: RouteInput<z.output<Path>, z.output<Query>, z.output<Body>>,
    deps: ApiDeps,
  ) => Promise<Reply<z.input<Answer>>>;
}

export interface Reply<Body> {
  readonly body: Body;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A route as the handler and the OpenAPI document see it. */
export interface Route extends Omit<
  RouteDefinition<ParameterSchema, ParameterSchema, z.ZodType, z.ZodType>,
  "handle"
> {
  /** Checks the request and answers it. @throws ProblemError */
  readonly answer: (request: ApiRequest, deps: ApiDeps) => Promise<Reply<unknown>>;
}

export function defineRoute<
  Path extends ParameterSchema,
  Query extends ParameterSchema,
  Body extends z.ZodType,
  Answer extends z.ZodType,
>({ handle, ...route }: RouteDefinition<Path, Query, Body, Answer>): Route {
  return { ...route, answer: (request, deps) => handle(checkInput(route, request), deps) };
}
