#!/bin/sh
# Installs the GPU worker's native packages into ./node_modules, in the image and anywhere else:
# package.json, package-lock.json and .npmrc lie in the current folder, npm is given by $NPM.
set -eu

runtime=node_modules/onnxruntime-node/bin/napi-v6
provider=node_modules/com.github.asus4.onnxruntime.linux-x64-gpu/Plugins/Linux/x64

${NPM:-npm} ci --ignore-scripts --no-audit --no-fund --os=linux --cpu=x64 --libc=glibc

# ONNX Runtime looks for its CUDA provider beside itself
for library in providers_shared providers_cuda; do
  mv "$provider/libonnxruntime_$library.so" "$runtime/linux/x64/"
done

# other systems' binaries, and what only install scripts use
rm -rf node_modules/com.github.asus4.* node_modules/adm-zip node_modules/global-agent
rm -rf "$runtime/darwin" "$runtime/win32" "$runtime/linux/arm64"
