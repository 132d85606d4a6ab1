export function RequestPage({ query }: { readonly query: URLSearchParams }) {
  return <h1>New request {query.get("network")}</h1>;
}
