import { useEffect, useRef, useState } from "preact/hooks";

import { getExplanation } from "../api/client.ts";
import type { ExplanationDocument } from "../api/documents.ts";
import { type Resource, useAskAgain, useResource } from "./use-resource.ts";

/** Most are answered in a second or two. */
const ASK_MS = 700;
/** Then something else is at work. */
const LONG_MS = 6_000;

export interface FollowedExplanation extends Omit<Resource<ExplanationDocument>, "value"> {
  /** While it is fetched, the one before stands, or the page would lose its place. */
  readonly value: ExplanationDocument | null;
  /** The last that was done; of the same photograph and network it stands until the next is. */
  readonly last: ExplanationDocument | null;
  /** How far it is; `long`: it takes longer than one by itself would. */
  readonly wait: "none" | "short" | "long";
}

/** A question, asked for again until it has been answered. */
export function useExplanation(id: string): FollowedExplanation {
  const question = useResource(id, () => getExplanation(id));
  const { problems, reload } = question;
  const before = useRef<ExplanationDocument | null>(null);
  const value = question.value ?? (problems.length > 0 ? null : before.current);
  before.current = value;
  const isPending = value?.state === "pending";
  const last = useRef<ExplanationDocument | null>(null);
  const [isLong, setLong] = useState(false);
  useAskAgain(isPending, { value, problems, reload }, ASK_MS);
  useEffect(() => {
    setLong(false);
    const timer = setTimeout(() => setLong(true), LONG_MS);
    return () => clearTimeout(timer);
  }, [id, isPending]);
  if (value?.state === "done") last.current = value;
  else if (value !== null && !isOfTheSame(value, last.current)) last.current = null;
  const isComing = value !== null && value !== question.value;
  const wait = isPending && isLong ? "long" : isPending || isComing ? "short" : "none";
  return { value, problems, reload, last: last.current, wait };
}

function isOfTheSame(some: ExplanationDocument, other: ExplanationDocument | null): boolean {
  return some.network === other?.network && some.image === other.image;
}
