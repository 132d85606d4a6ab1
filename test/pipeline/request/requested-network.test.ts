import { expect, test } from "vitest";

import { NetworkError } from "../../../lib/networks/errors.ts";
import { ModelError } from "../../../lib/onnx/errors.ts";
import { RequestError } from "../../../lib/pipeline/request/request.ts";
import { requestedNetwork } from "../../../lib/pipeline/request/requested-network.ts";

test.each([
  [new NetworkError("its files are gone"), new RequestError(["network: its files are gone"])],
  [new ModelError("no protobuf"), new RequestError(["network: 'n' cannot be read: no protobuf"])],
  [new TypeError("not its fault"), new TypeError("not its fault")],
])("%o of a network that is being opened", async (wrong, told) => {
  const opening = async () => {
    throw wrong;
  };
  await expect(requestedNetwork("n", opening())).rejects.toThrow(told);
});
