import { expect, test } from "vitest";

import { Jobs } from "../../lib/pipeline/job/jobs.ts";
import { planKey, roundKeys } from "../../lib/pipeline/keys.ts";
import { resumeJobs } from "../../local/resume-jobs.ts";
import { memoryPipeline } from "../support/memory-pipeline.ts";

test("unfinished jobs are looked at; what is no job in the jobs' folder is passed over", async () => {
  const { store, assembly, accept } = await memoryPipeline();
  const [done, open] = [await accept({ seed: 1 }), await accept({ seed: 2 })];
  const put = (key: string) => store.put(key, Buffer.from("{}"), "application/json");
  await put(roundKeys(done.jobId).complete);
  await put("jobs/my photo/a.png");
  await put("jobs/no-plan/request.json");
  const damagedKey = planKey((await accept({ seed: 3 })).jobId);
  await store.put(damagedKey, Buffer.from('{"version'), "application/json");
  assembly.sent.length = 0;
  // another process than the one that accepted them
  expect(await resumeJobs({ jobs: new Jobs(store), assembly })).toEqual({
    resumed: [open.jobId],
    damaged: [expect.stringContaining(`'${damagedKey}' is not as it was written`)],
  });
  expect(assembly.bodies).toEqual([{ type: "reconcile", jobId: open.jobId }]);
});
