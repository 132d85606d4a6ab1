import { Component } from "preact";

import { Tile, type TileProps } from "./tile.tsx";

/** Drawn again only when it has changed: of a thousand tiles one or two have. */
export class SteadyTile extends Component<TileProps> {
  override shouldComponentUpdate(next: TileProps): boolean {
    const names = Object.keys(next) as (keyof TileProps)[];
    return names.some((name) => next[name] !== this.props[name]);
  }

  override render(props: TileProps) {
    return <Tile {...props} />;
  }
}
