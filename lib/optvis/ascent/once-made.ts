/** `make`, whose result is kept for the calls after the first. */
export function onceMade<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
