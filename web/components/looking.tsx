/** Says that something is being fetched, unless it is there at once. */
export function Looking({ children }: { readonly children: string }) {
  return (
    <p class="quiet looking" role="status" aria-busy="true">
      {children}
    </p>
  );
}
