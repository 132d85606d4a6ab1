// A packed function in a process of its own, which is called through Node's message channel:
// `node packed-function-process.mjs FOLDER`. See packed-function.ts.
import { pathToFileURL } from "node:url";

const { handler } = await import(pathToFileURL(`${process.argv[2]}/index.mjs`).href);

async function reply({ id, event, remainingMs }) {
  const startedMs = Date.now();
  const getRemainingTimeInMillis = () => remainingMs - (Date.now() - startedMs);
  try {
    const answer = await handler(event, { getRemainingTimeInMillis });
    process.send({ id, answer: answer ?? null });
  } catch (error) {
    process.send({
      id,
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
  }
}
process.on("message", (call) => void reply(call));
// whoever called it is gone
process.on("disconnect", () => process.exit());
process.send({ id: 0, answer: null });
