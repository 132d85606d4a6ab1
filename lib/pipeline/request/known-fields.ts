import * as z from "zod";

import { didYouMean, type Named } from "../../networks/did-you-mean.ts";

/** The top-level fields of a document: its own, and those that only other kinds of it have. */
interface KnownFields {
  readonly own: readonly string[];
  /** The field that says which kind it is, and which it says; `null` where there is one kind. */
  readonly kind: { readonly field: string; readonly value: string } | null;
  /** By name: the kind whose field it is. */
  readonly foreign: ReadonlyMap<string, string>;
}

export const NO_FIELDS: KnownFields = { own: [], kind: null, foreign: new Map() };

/** What fields a schema gives to a document; of a union, to the kind that the document is of. */
export function knownFields(schema: z.core.$ZodType | null, json: unknown): KnownFields {
  if (schema instanceof z.ZodObject) return { ...NO_FIELDS, own: Object.keys(schema.shape) };
  if (!(schema instanceof z.ZodDiscriminatedUnion)) return NO_FIELDS;
  const field = schema.def.discriminator;
  const given: unknown = Object(json)[field];
  const kinds = schema.options.filter((option) => option instanceof z.ZodObject);
  const own = kinds.find(({ shape }) => z.safeParse(shape[field], given).success);
  if (own === undefined) return NO_FIELDS;
  const foreign = kinds.flatMap(({ shape }) =>
    Object.keys(shape)
      .filter((name) => !(name in own.shape))
      .map((name) => [name, valueOf(shape[field])] as const),
  );
  return {
    own: Object.keys(own.shape),
    kind: { field, value: valueOf(own.shape[field]) },
    foreign: new Map(foreign),
  };
}

/** What is wrong with a field that the document does not have, and what to do about it. */
export function unknownField(name: string, { own, kind, foreign }: KnownFields): string {
  const owner = foreign.get(name);
  if (owner !== undefined && kind !== null) {
    const { field, value } = kind;
    return `belongs to ${field} "${owner}", and this request's is "${value}"; remove it, or set ${field} to "${owner}"`;
  }
  const others = [...foreign].map(([other, value]): Named => {
    return { label: `'${other}' of ${kind?.field} "${value}"`, names: [other] };
  });
  const hint = didYouMean(name, own) || didYouMean(name, others);
  return `unknown field${hint && ` (${hint})`}; remove it`;
}

/** The one value that a discriminator takes, with or without a default. */
function valueOf(schema: z.core.$ZodType | undefined): string {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodOptional) {
    return valueOf(schema.unwrap());
  }
  return schema instanceof z.ZodLiteral ? [...schema.values].join() : "";
}
