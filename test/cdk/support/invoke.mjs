// Calls a function as Lambda does: `node invoke.mjs FOLDER`, the event on standard input. The answer is
// the last line of standard output, behind the function's own log lines.
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";

const event = JSON.parse(await text(process.stdin));
const { handler } = await import(pathToFileURL(`${process.argv[2]}/index.mjs`).href);
const answer = await handler(event, { getRemainingTimeInMillis: () => 900_000 });
process.stdout.write(`\n${JSON.stringify(answer)}\n`, () => process.exit(0));
