import type { TracePoint } from "../../lib/optvis/ascent/task.ts";
import { iterationsPerImage } from "../../lib/pipeline/job/job-pace.ts";
import { type CompleteRequest, imageNumbers } from "../../lib/pipeline/request/complete-request.ts";
import type { RunEvent } from "../run-events.ts";
import type { ProgressBar, Terminal } from "./terminal.ts";
import { describeSeconds, TimeLeft } from "./time-left.ts";

/** One job of the run, as far as it has come. */
interface DreamedJob {
  readonly name: string;
  readonly request: CompleteRequest;
  /** Iterations done, by channel. */
  readonly steps: Map<number, number>;
  readonly traces: (readonly TracePoint[])[];
}

/** Shows a run as it goes: one bar over all iterations, and each job's table as it ends. */
export class DreamProgress {
  readonly #jobs: readonly DreamedJob[];
  readonly #terminal: Terminal;
  readonly #bar: ProgressBar;
  readonly #timeLeft: TimeLeft;
  readonly #told = new Set<string>();

  constructor(
    requests: readonly Pick<DreamedJob, "name" | "request">[],
    terminal: Terminal,
    nowMs?: () => number,
  ) {
    this.#timeLeft = new TimeLeft(nowMs);
    this.#jobs = requests.map((request) => ({ ...request, steps: new Map(), traces: [] }));
    this.#terminal = terminal;
    this.#bar = terminal.progressBar("rendering");
  }

  show(event: RunEvent): void {
    const job = this.#jobs[event.request]!;
    switch (event.kind) {
      case "notice":
        // what is assumed of a network is so for each of its sheets
        if (this.#told.has(event.notice)) return;
        this.#told.add(event.notice);
        this.#bar.end();
        this.#terminal.note(`${job.name}: ${event.notice}`);
        return;
      case "accepted":
        return;
      case "step": {
        const { channel, level, iteration } = event.progress;
        job.steps.set(channel, (level - 1) * job.request.numIterations + iteration);
        this.#redraw(job, `channel ${channel}, level ${level}, iteration ${iteration}`);
        return;
      }
      case "channel": {
        const { result, done, total } = event;
        const all = iterationsPerImage(job);
        const seen = job.steps.get(result.channel) ?? null;
        // what an earlier run drew, or what is left of an image that failed, took none of the time
        const untaken = seen === null ? all : result.state === "ok" ? 0 : all - seen;
        this.#timeLeft.leaveOut(untaken);
        job.steps.set(result.channel, all);
        if (result.state === "ok") job.traces.push(result.trace);
        this.#redraw(job, `${done} of ${total} channels`);
        return;
      }
      case "ended":
        this.#bar.end();
        if (job.request.verbose && job.traces.length > 0) {
          this.#terminal.note(`\n${job.name}\n${activationTable(job.traces)}\n`);
        }
    }
  }

  end(): void {
    this.#bar.end();
  }

  /** At the speed of the run so far; `null` before there is one. */
  secondsLeft(): number | null {
    const { done, total } = this.#iterations();
    return this.#timeLeft.seconds(done, total);
  }

  #redraw(job: DreamedJob, detail: string): void {
    const { done, total } = this.#iterations();
    const seconds = this.#timeLeft.seconds(done, total);
    const left = seconds === null || done === total ? "" : `${describeSeconds(seconds)} left, `;
    this.#bar.show(done, total, `${left}${job.name}: ${detail}`);
  }

  #iterations(): { readonly done: number; readonly total: number } {
    const total = this.#jobs.reduce(
      (sum, each) => sum + imageNumbers(each.request).length * iterationsPerImage(each),
      0,
    );
    const done = this.#jobs
      .flatMap(({ steps }) => [...steps.values()])
      .reduce((sum, steps) => sum + steps, 0);
    return { done, total };
  }
}

const RULE = `|${"=".repeat(46)}|`;

/** The table that deepDreamImage prints: activation strength is the mean over the images. */
function activationTable(traces: readonly (readonly TracePoint[])[]): string {
  const rows = traces[0]!.map(({ iteration, level }, k) => {
    const mean = traces.reduce((sum, trace) => sum + trace[k]!.activation, 0) / traces.length;
    const cells = [String(iteration).padStart(10), mean.toFixed(2).padStart(12)];
    return `| ${cells.join(" | ")} | ${String(level).padStart(15)}  |`;
  });
  return [
    RULE,
    "| Iteration  |  Activation  |  Pyramid Level  |",
    "|            |   Strength   |                 |",
    RULE,
    ...rows,
    RULE,
  ].join("\n");
}
