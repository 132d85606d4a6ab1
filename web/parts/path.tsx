import type { ComponentChildren } from "preact";

import { address } from "../state/router.ts";

interface PathProps {
  /** @default the page lies right below all networks */
  readonly network?: string;
  /** What lies below the network. */
  readonly children?: ComponentChildren;
}

/** Where a page lies: from all networks down to what is above it. */
export function Path({ network, children }: PathProps) {
  return (
    <nav class="path" aria-label="Path">
      <a href={address.networks()}>networks</a>
      {network !== undefined && <a href={address.network(network)}>{network}</a>}
      {children}
    </nav>
  );
}
