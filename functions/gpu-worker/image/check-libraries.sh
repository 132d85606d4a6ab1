#!/bin/sh
# Fails if a native library under the given folder lacks one that it needs, so that an image without
# it is never built. libcuda.so.1 is the driver's: it is there where the container runs.
set -eu
folder=$1

libraries=$(find "$folder" -type f \( -name '*.node' -o -name '*.so' -o -name '*.so.*' \))
if [ -z "$libraries" ]; then
  echo "no native library under $folder: nothing was installed" >&2
  exit 1
fi

status=0
# a line each
IFS='
'
for library in $libraries; do
  if missing=$(ldd "$library" | grep 'not found' | grep -v '^[[:space:]]*libcuda\.so\.1 '); then
    echo "$library lacks:" >&2
    echo "$missing" >&2
    status=1
  fi
done

# the CUDA provider opens cuDNN when it starts, so ldd does not name it
if [ -n "$(find "$folder" -name libonnxruntime_providers_cuda.so)" ] &&
  ! ldconfig -p | grep -q 'libcudnn\.so\.9'; then
  echo "libcudnn.so.9 is not installed; the CUDA provider needs it" >&2
  status=1
fi
exit $status
