import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";

import { UsageError } from "../../local/cli/user-errors.ts";
import { print } from "../print.ts";
import { cudaHere, describeCuda } from "./cuda-here.ts";
import { openGoogleNet } from "./open-googlenet.ts";
import { megabytes, packKit } from "./pack.ts";
import { runCommand } from "./user-line.ts";

const USAGE = `npm run bench:gpu -- [--model googlenet.onnx] [--reference ascent.py] [--out .gpu-kit]

Packs all that a bare machine with an NVIDIA card, CUDA 13 and cuDNN 9 needs to measure the product
there: into a folder, in parts of at most 45 MB. On that machine one command unpacks and measures:

    bash run.sh FOLDER

  --model      GoogLeNet; without it where it is found, or downloaded, as any network
  --reference  the same ascent in PyTorch, packed too: it is timed on the card beside ours, by a
               Python with torch, onnx and numpy there
  --out        the folder; what it has of an earlier kit is used again where it is the same

Needs Linux x64 with bash, tar and npm. Nothing is measured here.`;

await runCommand(async () => {
  const { values } = parseArgs({
    options: {
      model: { type: "string", default: "googlenet" },
      reference: { type: "string" },
      out: { type: "string", default: ".gpu-kit" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    print(USAGE);
    return;
  }
  const { reference = null } = values;
  if (reference !== null && !existsSync(reference)) {
    throw new UsageError(
      `--reference is '${reference}', and there is no such file; wanted the ascent in PyTorch`,
    );
  }
  const { modelPath, file } = await openGoogleNet(values.model, process.env);
  const folder = resolve(values.out);
  const kit = { modelPath, modelFile: file.file, referencePath: reference };
  const files = await packKit(kit, folder);
  print(`${files.length} files, ${megabytes(folder, files)} MB, in ${folder}

Copy them into one folder of a machine with Linux x64, an NVIDIA card, CUDA 13 and cuDNN 9, and run there:

    bash run.sh FOLDER
`);
  if (reference === null) print("PyTorch is not in it: name --reference to have it measured too.");
  const here = cudaHere(process.env);
  print(
    here.card !== null && here.missing.length === 0
      ? `Here it can be run at once: ${describeCuda(here)}.\n\n    bash ${folder}/run.sh ${folder}`
      : `Nothing was measured, nor can it be here: ${describeCuda(here)}. To try the kit on the CPU:\n\n    bash ${folder}/run.sh ${folder} --provider cpu --tiny`,
  );
});
