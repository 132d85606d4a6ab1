interface LookingProps {
  /** What is being fetched, as far as it is there. */
  readonly at: { readonly value: unknown; readonly problems: readonly string[] };
  readonly children: string;
}

/** Says that something is being fetched, unless it is there at once, or has failed. */
export function Looking({ at: { value, problems }, children }: LookingProps) {
  if (value !== null || problems.length > 0) return null;
  return (
    <p class="quiet looking" role="status" aria-busy="true">
      {children}
    </p>
  );
}
