import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "vitest";

const SCRIPT = readFileSync("cdk/constructs/gpu-instance.sh", "utf8");

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "gpu-instance-"));
  for (const folder of ["etc/ecs", "usr/local/bin", "commands"]) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  writeFileSync(join(root, "etc/ecs/ecs.config"), "ECS_CLUSTER=batch\n");
  for (const name of ["iptables", "systemd-run"]) command(name, "");
  command("sleep", `[ "$(grep -c '^sleep' "${root}/calls")" -lt 3 ] || touch "${root}/ending"`);
  command("docker", '[ "$1" = kill ] || echo "first second"');
  // answers as the metadata service: with a token alone, and 404 until the instance ends
  command(
    "curl",
    `case "$*" in
      *"--request PUT"*api/token) echo secret ;;
      *"aws-ec2-metadata-token: secret"*spot/instance-action) test -e "${root}/ending" ;;
      *) exit 22 ;;
    esac`,
  );
});
afterEach(() => rmSync(root, { recursive: true }));

/** A command that writes down how it was called, and then does what the script says. */
function command(name: string, script: string): void {
  const file = join(root, "commands", name);
  writeFileSync(file, `#!/bin/bash\necho "${name} $*" >>"${root}/calls"\n${script}\n`);
  chmodSync(file, 0o755);
}

const calls = () => readFileSync(join(root, "calls"), "utf8").trim().split("\n");

/** Runs it as on an instance whose files are in a folder, from there: its name may be any. */
async function run(script: string): Promise<void> {
  const moved = script.replaceAll(/\/(etc\/ecs|usr\/local\/bin)\b/g, "./$1");
  const PATH = `${join(root, "commands")}:${process.env["PATH"]}`;
  const shell = spawn("bash", ["--norc", "-c", moved], { cwd: root, env: { PATH } });
  const [said, [code]] = await Promise.all([text(shell.stderr), once(shell, "exit")]);
  expect([code, said]).toEqual([0, ""]);
}

test("an instance is set up before the agent starts, whatever it is configured with", async () => {
  await run(SCRIPT);
  expect(readFileSync(join(root, "etc/ecs/ecs.config"), "utf8")).toBe(
    "ECS_CLUSTER=batch\nECS_ENABLE_SPOT_INSTANCE_DRAINING=true\nECS_CONTAINER_STOP_TIMEOUT=120s\n",
  );
  const [firewall, watch] = calls();
  expect(firewall).toMatch(/^iptables --insert OUTPUT 1 --destination 169\.254\.169\.254\/32 /);
  expect(watch).toBe("systemd-run --unit tell-spot-end ./usr/local/bin/tell-spot-end");
});

test("workers are told of the end of their Spot instance, once, and of nothing before", async () => {
  await run(SCRIPT);
  const before = calls().length;
  await run(readFileSync(join(root, "usr/local/bin/tell-spot-end"), "utf8"));
  const done = calls().slice(before);
  expect(done.filter((call) => call.startsWith("sleep"))).toEqual([
    "sleep 5",
    "sleep 5",
    "sleep 5",
  ]);
  expect(done.filter((call) => call.startsWith("docker"))).toEqual([
    "docker ps --quiet --filter label=com.amazonaws.ecs.task-arn",
    "docker kill --signal TERM first second",
  ]);
  expect(done.at(-1)).toMatch(/^docker kill/);
});
