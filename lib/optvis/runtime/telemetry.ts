/**
 * Turns ONNX Runtime's telemetry off. From version 1.29 on it tells its makers about every session,
 * unless it is told not to: the model's file, operators and a hash of its weights, and how long it
 * ran; and it leaves files in the folder for temporary ones. Nobody here has asked for that.
 * Whoever wants it sets the variable to anything but 1.
 *
 * It counts before the process's first session, and only if the main thread sets it: what a worker
 * thread has is a copy. So whatever starts such a thread calls this too.
 *
 * Source: "Add POSIX telemetry", ONNX Runtime's pull request 27379.
 */
export function turnTelemetryOff(): void {
  process.env["ORT_DISABLE_TELEMETRY"] ??= "1";
}
