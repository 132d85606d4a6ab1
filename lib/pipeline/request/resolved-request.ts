import type { Size } from "../../image/raster.ts";
import type { NetworkManifest } from "../../networks/manifest.ts";
import type { RenderRequest } from "./request.ts";

/** An image in the bucket, pinned to the bytes it had when the request was checked. */
export interface InitialImage extends Size {
  readonly key: string;
  readonly sha256: string;
}

/** A request that can be run: every name in it has been found. */
export interface ResolvedRequest {
  /** In normal form: `layer` and `channels` are indices, so equal jobs are equal here. */
  readonly request: RenderRequest;
  readonly manifest: NetworkManifest;
  readonly layer: {
    /** 1-based. */
    readonly index: number;
    readonly name: string;
    /** Of the whole layer. */
    readonly channels: number;
  };
  /** 1-based, in the order of the sheet. */
  readonly channels: readonly number[];
  /** One per channel, to be written under its tile; `null` for none. */
  readonly labels: readonly (string | null)[];
  readonly initialImage: InitialImage | null;
  /** Of the finished images. */
  readonly tileSize: Size;
}
