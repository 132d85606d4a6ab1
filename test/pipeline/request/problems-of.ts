import { RequestError } from "../../../lib/pipeline/request/request.ts";

/** What a request is refused for; none if it is not. @throws what is no refusal */
export async function problemsOf(work: () => unknown): Promise<readonly string[]> {
  try {
    await work();
  } catch (error) {
    if (error instanceof RequestError) return error.problems;
    throw error;
  }
  return [];
}
