import { type ChildProcess, fork } from "node:child_process";

import { messageOf } from "../../onnx/errors.ts";
import type { GateAnswer, GateQuestion } from "./gpu-gate-child.ts";
import { PROFILES } from "./providers.ts";

/** The child's file and arguments. */
export type ChildProgram = readonly [file: URL, ...arguments: string[]];

/** `untried`: nothing was found out. */
export type GateOutcome =
  | Exclude<GateAnswer, { readonly kind: "at" }>
  | { readonly kind: "untried"; readonly reason: string };

export interface AskOptions {
  /** Of one step of a driver: after so long without a word it hangs, or is of no use. */
  readonly patienceMs: number;
  /** Nobody waits for the answer any more. */
  readonly stop: AbortSignal;
}

/** What the child says in the end, or what became of it instead; it is ended. Never rejects. */
export function askGateChild(
  program: ChildProgram,
  question: GateQuestion,
  { patienceMs, stop }: AskOptions,
): Promise<GateOutcome> {
  const { name } = PROFILES[question.provider];
  if (stop.aborted) return Promise.resolve({ kind: "untried", reason: `${name} was not tried` });
  return new Promise((resolve) => {
    let step = "starting";
    let timer: NodeJS.Timeout | undefined;
    let child: ChildProcess | null = null;
    const end = (outcome: GateOutcome) => {
      clearTimeout(timer);
      stop.removeEventListener("abort", onStop);
      child?.removeAllListeners();
      // what comes too late, such as an error of the channel
      child?.on("error", () => {});
      child?.kill("SIGKILL");
      resolve(outcome);
    };
    const without = (kind: "unfit" | "untried", problem: string) =>
      end({ kind, reason: `${name} is not used: its driver ${problem} while ${step}` });
    const onStop = () => without("untried", "was not awaited");
    const beginStep = (waitsFor: "driver" | "cpu") => {
      clearTimeout(timer);
      // a large network takes the CPU its time, which says nothing of the driver
      if (waitsFor === "cpu") return;
      const hangs = () => without("unfit", `has not answered in ${patienceMs / 1000} s`);
      timer = setTimeout(hangs, patienceMs);
    };
    stop.addEventListener("abort", onStop);
    beginStep("driver");
    try {
      child = startChild(program);
      child.on("message", (answer: GateAnswer) => {
        if (answer.kind !== "at") return end(answer);
        ({ step } = answer);
        beginStep(answer.waitsFor);
      });
      child.on("error", (error) => without("untried", `could not be tried (${error.message})`));
      child.on("exit", (code, signal) =>
        without("unfit", `ended its process (${signal ?? `exit code ${code}`})`),
      );
      child.send(question, (error) => {
        if (error) without("untried", `could not be asked (${error.message})`);
      });
    } catch (error) {
      // no process may be started here, or what is asked cannot be sent to one
      without("untried", `could not be tried (${messageOf(error)})`);
    }
  });
}

function startChild([file, ...words]: ChildProgram): ChildProcess {
  return fork(file, words, {
    // the parent's may be of its own program, as --input-type is, which a file must not have
    execArgv: [],
    // tensors go over as they are; drivers write to the terminal what concerns nobody
    serialization: "advanced",
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
}
