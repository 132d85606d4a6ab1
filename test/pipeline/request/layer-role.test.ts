import { expect, test } from "vitest";

import { findLayer } from "../../../lib/networks/find-layer.ts";
import { layerRoles } from "../../../lib/pipeline/request/layer-role.ts";
import { emojinet } from "../../support/emojinet.ts";

test("classes are whole, what one convolution sees is first, the rest lies between", async () => {
  const { layers, model } = emojinet;
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
  const roleOf = layerRoles(model.model.graph);
  const found = Object.keys(roles).map((name) => [name, roleOf(findLayer(layers, name))]);
  expect(Object.fromEntries(found)).toEqual(roles);
});
