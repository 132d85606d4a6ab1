import { expect, test } from "vitest";

import { networkFolders } from "../../../lib/networks/folders.ts";
import { findLayer } from "../../../lib/networks/layers.ts";
import { openNetwork } from "../../../lib/networks/registry.ts";
import { analyseNetwork } from "../../../lib/pipeline/networks/analyse-network.ts";
import { layerRole } from "../../../lib/pipeline/request/layer-role.ts";

test("classes are whole, what one convolution sees is first, the rest lies between", async () => {
  const { layers, model } = await analyseNetwork(await openNetwork("emojinet", networkFolders({})));
  const roles = {
    "conv1-7x7_s2": "first",
    "conv1-7x7_s2-relu": "first",
    "pool1-norm1": "first",
    "conv2-3x3_reduce": "middle",
    "inception_3a-pool_proj": "middle",
    "inception_5b-1x1": "middle",
    "loss3-classifier": "whole",
    prob: "whole",
  };
  const found = Object.keys(roles).map((name) => {
    return [name, layerRole(findLayer(layers, name), model.model.graph)];
  });
  expect(Object.fromEntries(found)).toEqual(roles);
});
