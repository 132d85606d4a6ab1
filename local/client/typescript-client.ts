import { commentOf, type JsonSchema, typeOf } from "./schema-type.ts";

/** As much of an OpenAPI document as a client needs. */
export interface ApiDocument {
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> };
}

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content: Content }>>;
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
  readonly description?: string;
  readonly schema: JsonSchema;
}

type Content = Readonly<Record<string, { readonly schema: JsonSchema }>>;

/**
 * A typed client of an API, as the text of one TypeScript file without dependencies: a type for
 * each schema of the document, and a class with a method for each operation.
 */
export function typescriptClient({ info, paths, components }: ApiDocument): string {
  const types = Object.entries(components.schemas).map(([name, schema]) => {
    const comment = commentOf([schema.description ?? ""]);
    return `${comment}export type ${name} = ${typeOf(schema)};\n`;
  });
  const methods = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => methodOf(method, path, operation)),
  );
  return [
    `// The HTTP API of ${info.title} ${info.version}: made by \`dreamgrid client\`, of its OpenAPI document.\n`,
    ...types,
    RUNTIME.replace("  // METHODS\n", methods.join("\n")),
  ].join("\n");
}

function methodOf(method: string, path: string, operation: Operation): string {
  const { operationId, summary, parameters, requestBody, responses } = operation;
  const inPath = parameters.filter((each) => each.in === "path");
  const others = parameters.filter((each) => each.in !== "path");
  const options = others.map(
    ({ name, schema, required }) =>
      `${JSON.stringify(name)}${required ? "" : "?"}: ${typeOf(schema)}`,
  );
  const body = requestBody?.content["application/json"]?.schema;
  const taken = [
    ...inPath.map(({ name, schema }) => `${name}: ${typeOf(schema)}`),
    ...(body === undefined ? [] : [`body: ${typeOf(body)}`]),
    ...(options.length === 0 ? [] : [`options: { ${options.join("; ")} } = {}`]),
  ];
  const [status = "", answer] = Object.entries(responses).find(([code]) => code < "400") ?? [];
  const isPicture = status === "302";
  const answered = isPicture ? "Blob" : typeOf(answer?.content["application/json"]?.schema ?? {});
  const given = (place: string) =>
    others
      .filter((each) => each.in === place)
      .map(({ name }) => `${JSON.stringify(name)}: options[${JSON.stringify(name)}]`);
  const sent = [
    ...(given("query").length === 0 ? [] : [`query: { ${given("query").join(", ")} }`]),
    ...(given("header").length === 0 ? [] : [`headers: { ${given("header").join(", ")} }`]),
    ...(body === undefined ? [] : ["body"]),
  ];
  const address = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => `\${segment(${name})}`);
  const call = `${JSON.stringify(method.toUpperCase())}, \`${address}\`, { ${sent.join(", ")} }`;
  return [
    commentOf([summary], "  "),
    `  async ${operationId}(${taken.join(", ")}): Promise<${answered}> {\n`,
    `    const response = await this.${isPicture ? "#picture" : "#send"}(${call});\n`,
    `    return ${isPicture ? "response.blob()" : `(await jsonOf(response)) as ${answered}`};\n`,
    "  }\n",
  ].join("");
}

/** What is the same for every document. */
const RUNTIME = `/** What the API said is wrong; \`problems\` has a sentence for each thing. */
export class DreamgridError extends Error {
  override readonly name = "DreamgridError";
  /** Of HTTP; 0 where nothing answered. */
  readonly status: number;
  readonly problems: ReadonlyArray<string>;

  constructor(status: number, problems: ReadonlyArray<string>) {
    super(problems.join("; "));
    this.status = status;
    this.problems = problems;
  }
}

export interface ClientOptions {
  /** Where the API is, stage included: that of \`dreamgrid serve\` unless it is given. */
  readonly url?: string;
  /** Sent with every request, such as { "x-api-key": "..." }. */
  readonly headers?: Readonly<Record<string, string>>;
  /** In place of the global one for what the API is asked: to sign that, or to go through a proxy. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
  /** The same for the links of pictures, which are signed as they are. */
  readonly fetchLink?: (url: string) => Promise<Response>;
}

interface Sent {
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
}

const segment = (value: string | number) => encodeURIComponent(value);

/** Leaves out what is undefined. */
function given(values: Readonly<Record<string, string | number | boolean | undefined>>) {
  return Object.entries(values).flatMap(([name, value]): Array<[string, string]> =>
    value === undefined ? [] : [[name, String(value)]],
  );
}

/** Those of a problem document; null of what is none, such as an answer of a proxy. */
function problemsIn(text: string): ReadonlyArray<string> | null {
  try {
    const { problems } = JSON.parse(text) as { readonly problems?: unknown };
    return Array.isArray(problems) ? problems.map(String) : null;
  } catch {
    return null;
  }
}

/** What an answer says; what is no JSON is not the API's. */
async function jsonOf(response: Response): Promise<unknown> {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    throw new DreamgridError(response.status, ["the answer is not the API's: " + text.slice(0, 200)]);
  }
}

/** The API, a method for each of its operations. What goes wrong is a DreamgridError. */
export class Dreamgrid {
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly #fetchLink: (url: string) => Promise<Response>;

  constructor(options: ClientOptions = {}) {
    this.#url = (options.url ?? "http://127.0.0.1:8787").replace(/\\/$/, "");
    this.#headers = options.headers ?? {};
    this.#fetch = options.fetch ?? ((url, init) => fetch(url, init));
    this.#fetchLink = options.fetchLink ?? ((url) => fetch(url));
  }

  // METHODS

  /** What is behind the link of an answer, where our headers have no business. */
  async #picture(method: string, path: string, sent: Sent): Promise<Response> {
    const response = await this.#send(method, path, sent, "manual");
    // a browser does not tell where it was sent: it goes there itself
    if (response.type === "opaqueredirect") return this.#send(method, path, sent);
    const { url } = (await jsonOf(response)) as { readonly url: string };
    // without what opens it for whoever reads an error
    return this.#answer(url.replace(/\\?.*$/, ""), this.#fetchLink(url));
  }

  async #send(
    method: string,
    path: string,
    sent: Sent,
    redirect: "manual" | "follow" = "follow",
  ): Promise<Response> {
    const query = new URLSearchParams(given(sent.query ?? {})).toString();
    const init: RequestInit = {
      method,
      redirect,
      headers: { ...this.#headers, ...Object.fromEntries(given(sent.headers ?? {})) },
    };
    if (sent.body !== undefined) {
      init.headers = { ...init.headers, "Content-Type": "application/json" };
      init.body = JSON.stringify(sent.body);
    }
    const address = this.#url + path + (query === "" ? "" : "?" + query);
    return this.#answer(address, this.#fetch(address, init));
  }

  async #answer(address: string, answering: Promise<Response>): Promise<Response> {
    const response = await answering.catch((error: unknown) => {
      throw new DreamgridError(0, ["nothing answers at " + address + ": " + String(error)]);
    });
    const { ok, status, type } = response;
    if (ok || status === 302 || type === "opaqueredirect") return response;
    const text = await response.text().catch(() => "");
    throw new DreamgridError(
      status,
      problemsIn(text) ?? ["HTTP status " + status + " of " + address + ": " + text.slice(0, 200)],
    );
  }
}
`;
