/** Whether a network is named by the path of its file, and not by an id. */
export function isOnnxPath(idOrPath: string): boolean {
  return /\.onnx$/i.test(idOrPath);
}

/** How files of other frameworks become ONNX, by the endings of their names. */
const EXPORTS: readonly (readonly [RegExp, string])[] = [
  [
    /\.(?:pt|pth|ckpt|bin|pt2)$/i,
    'load the model in PyTorch and export it: torch.onnx.export(model.eval(), (torch.zeros(1, 3, 224, 224),), "net.onnx")',
  ],
  [
    /\.safetensors$/i,
    "it has weights alone; load them into their model in PyTorch and export that with torch.onnx.export",
  ],
  [
    /\.(?:h5|hdf5|keras|pb)$/i,
    "export it with tf2onnx, or from Keras 3 with model.export(path, format='onnx')",
  ],
  [/\.tflite$/i, "convert it: python -m tf2onnx.convert --tflite net.tflite --output net.onnx"],
  [/\.(?:caffemodel|prototxt)$/i, "convert it with caffe2onnx, or take the network as ONNX"],
  [/\.(?:mlmodel|mlpackage)$/i, "export it to ONNX from the framework that it was trained in"],
  [/\.mat$/i, "export it from MATLAB: exportONNXNetwork(net, 'net.onnx')"],
  [/\.ort$/i, "take the .onnx file that it was made of"],
];

/** What to do with a file of another framework; `null` if the name is none of theirs. */
export function exportRemedy(path: string): string | null {
  return EXPORTS.find(([ending]) => ending.test(path))?.[1] ?? null;
}

/** What is said of such a file. */
export const readAsOnnx = (path: string, remedy: string): string =>
  `${path}: networks are read as ONNX; ${remedy}`;
