import { useEffect, useRef, useState } from "preact/hooks";

import { createJob, getRequestSchema, listNetworks } from "../api/client.ts";
import type { LayerDocument } from "../api/documents.ts";
import { Looking } from "../components/looking.tsx";
import { Problems } from "../components/problems.tsx";
import { PhotographButton } from "../parts/photograph-button.tsx";
import { RenderEstimate } from "../parts/render-estimate.tsx";
import { RequestToCopy } from "../parts/request-to-copy.tsx";
import { SchemaField } from "../parts/schema-field.tsx";
import { parseChannels } from "../state/channels.ts";
import { suggestionText } from "../state/recipe.ts";
import { address } from "../state/router.ts";
import { submitting, useSending } from "../state/use-sending.ts";
import { problemsAt, requestOf, type Schema, writtenOf, type Written } from "../state/schema.ts";
import { findLayer, useLayers } from "../state/use-layer.ts";
import { useResource } from "../state/use-resource.ts";

interface RequestPageProps {
  /** Fields to begin with, such as `network` and `layer`. */
  readonly query: URLSearchParams;
}

/** A request, field by field, as its schema has them. */
export function RequestPage({ query }: RequestPageProps) {
  const schema = useResource("schema", getRequestSchema);
  const methods = schema.value?.oneOf ?? [];
  return (
    <>
      <h1>New request</h1>
      <Problems problems={schema.problems} />
      <Looking at={schema}>looking for its fields</Looking>
      {methods.length > 0 && <RequestForm methods={methods} query={query} />}
    </>
  );
}

interface RequestFormProps extends RequestPageProps {
  /** The schema of each method. */
  readonly methods: readonly Schema[];
}

function RequestForm({ methods, query }: RequestFormProps) {
  const form = useRequestForm(methods, query);
  const { schema, suggestion, fields, known, needed, request, isWhole } = form;
  const { isBusy, problems, send } = useSending();
  const paths = fields.map(({ path }) => path);
  const element = useRef<HTMLFormElement>(null);
  useEffect(() => {
    // what is wrong may be far above the button
    if (problems.length > 0) element.current?.querySelector<HTMLElement>(FAULTY)?.focus();
  }, [problems]);
  const start = () =>
    send(async () => {
      const { jobId } = await createJob(request);
      // who goes back finds the form as it was written
      history.replaceState(history.state, "", form.address);
      location.hash = address.job(jobId);
    });
  return (
    <form ref={element} class="request" onSubmit={submitting(start)}>
      <MethodChoice
        methods={methods}
        chosen={schema}
        suggestion={suggestion}
        onChoose={form.chooseMethod}
      />
      <Problems problems={problemsAt(problems, "", paths)} />
      {groupsOf(fields).map(({ title, fields: inside }) => (
        <fieldset key={title}>
          <legend>{title}</legend>
          <div class="fields">
            {inside.map(({ path, schema: field }) => (
              <SchemaField
                key={path}
                path={path}
                schema={field}
                isRequired={needed.includes(path)}
                value={form.written.get(path) ?? ""}
                {...(known[path] === undefined ? {} : { known: known[path] })}
                problems={problemsAt(problems, path, paths)}
                onInput={(value) => form.write({ [path]: value })}
              >
                <Photograph path={path} onWrite={form.write} />
              </SchemaField>
            ))}
          </div>
        </fieldset>
      ))}
      <div class="row">
        <button class="primary" type="submit" aria-disabled={isBusy}>
          Render
        </button>
        <span class="quiet" role="status">
          {problems.length > 0 && `${problems.length} to be mended`}
        </span>
        <RenderEstimate
          these={isWhole && problems.length === 0 && request !== null ? [request] : null}
          all={null}
        />
      </div>
      <RequestToCopy request={request} />
    </form>
  );
}

/** What is written into the form, and the request that it is. */
function useRequestForm(methods: readonly Schema[], query: URLSearchParams) {
  /** `null`: what suits the layer. */
  const [chosen, chooseMethod] = useState<string | null>(() => query.get("method"));
  const [written, setWritten] = useState<Written>(
    () => new Map([...query].filter(([name]) => name !== "method")),
  );
  const textOf = (path: string) => written.get(path)?.trim() ?? "";
  const network = written.get("network") ?? "";
  const networks = useResource("networks", listNetworks).value?.networks;
  const isKnown = networks?.some(({ id }) => id === network) ?? false;
  const layers = useLayers(isKnown ? network : null).value?.layers;
  const known: Readonly<Record<string, readonly string[] | undefined>> = {
    network: networks?.map(({ id }) => id),
    layer: layers?.filter((each) => each.renderable).map(({ name }) => name),
  };
  const suggestion = findLayer(layers ?? [], textOf("layer"))?.suggestion ?? null;
  const wanted = chosen ?? suggestion?.fields.method;
  const schema = methods.find((each) => nameOf(each) === wanted) ?? methods[0]!;
  const method = nameOf(schema);
  const isSuggested = suggestion?.fields.method === method && textOf("preset") === "";
  const usual = new Map(Object.entries(writtenOf(isSuggested ? suggestion.fields : { method })));
  const filled = [...written].filter(([, value]) => value.trim() !== "");
  const all = new Map(suggestion === null && chosen === null ? filled : [...usual, ...filled]);
  const request = {
    ...requestOf(schema, all),
    ...(textOf("channels") === "" ? {} : { channels: parseChannels(textOf("channels")) }),
  };
  const needed = ["network", "layer", "targets" in request ? "targets" : "channels"];
  return {
    schema,
    chooseMethod,
    suggestion,
    fields: fieldsOf(schema).map((field) => withUsual(field, usual)),
    /** Values to choose from, by path. */
    known,
    written,
    address: address.request({
      ...Object.fromEntries(filled),
      method: chosen,
    }),
    write: (values: Readonly<Record<string, string>>) =>
      setWritten((before) => new Map([...before, ...Object.entries(values)])),
    request,
    needed,
    /** What is not written yet is no mistake. */
    isWhole: needed.every((name) => name in request),
  };
}

interface PhotographProps {
  readonly path: string;
  readonly onWrite: (values: Readonly<Record<string, string>>) => void;
}

/** Fills in a field that can name a photograph. */
function Photograph({ path, onWrite }: PhotographProps) {
  if (path === "initialImage") {
    return (
      <PhotographButton onSent={(key) => onWrite({ initialImage: key })}>
        Start from a photograph
      </PhotographButton>
    );
  }
  if (path !== "targets") return null;
  // targets stand in place of channels
  const like = (place: object) => (key: string) =>
    onWrite({ targets: JSON.stringify([{ activationOf: key, ...place }]), channels: "" });
  return (
    <>
      <PhotographButton onSent={like({})}>Caricature a photograph</PhotographButton>
      <PhotographButton onSent={like({ at: "each" })}>
        Draw a photograph's activation grid
      </PhotographButton>
    </>
  );
}

interface MethodChoiceProps {
  readonly methods: readonly Schema[];
  readonly chosen: Schema;
  readonly suggestion: LayerDocument["suggestion"];
  readonly onChoose: (method: string) => void;
}

function MethodChoice({ methods, chosen, suggestion, onChoose }: MethodChoiceProps) {
  return (
    <div class="row choices" role="group" aria-label="Method">
      {methods.map((each) => (
        <button
          key={nameOf(each)}
          type="button"
          aria-pressed={each === chosen}
          onClick={() => onChoose(nameOf(each))}
        >
          {nameOf(each)}
        </button>
      ))}
      <span class="quiet">{chosen.properties?.["method"]?.description}</span>
      {suggestion !== null && (
        <span class="quiet" role="status">
          {`suggested: ${suggestionText(suggestion)}, as the layer ${suggestion.reason}`}
        </span>
      )}
    </div>
  );
}

const FAULTY = '[aria-invalid="true"]';

const WHAT: ReadonlySet<string> = new Set(["network", "layer", "channels", "targets"]);

const nameOf = (schema: Schema) => String(schema.properties?.["method"]?.const);

interface Field {
  readonly path: string;
  readonly schema: Schema;
}

/** What is drawn, how it is drawn, and the fields of each object by themselves. */
function groupsOf(fields: readonly Field[]) {
  const groups = new Map<string, Field[]>();
  for (const field of fields) {
    const [object, inside] = field.path.split(".");
    const title = inside === undefined ? (WHAT.has(field.path) ? "What" : "How") : object!;
    groups.set(title, [...(groups.get(title) ?? []), field]);
  }
  return [...groups].map(([title, inside]) => ({ title, fields: inside }));
}

/** A field that is left out has the value that suits the layer. */
function withUsual(field: Field, usual: Written): Field {
  const value = usual.get(field.path);
  return value === undefined ? field : { ...field, schema: { ...field.schema, default: value } };
}

/** All fields but the method, those of objects in place of the object. */
function fieldsOf(schema: Schema, prefix = ""): readonly Field[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const path = prefix + name;
    if (path === "method" || name === "$schema") return [];
    return field.properties === undefined ? [{ path, schema: field }] : fieldsOf(field, `${path}.`);
  });
}
