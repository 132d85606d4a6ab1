import { execFileSync, spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { Command, Option } from "commander";
import { describe, expect, test } from "vitest";

import { commandPlaces } from "../../../local/cli/completion/command-tree.ts";
import { completionScript } from "../../../local/cli/completion/shells.ts";
import { temporaryFolder } from "../../networks/temporary-folder.ts";
import { run } from "./command-line.ts";

/** What bash would offer for the last word. */
async function offered(words: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await run("completion", "bash");
  const script = join(await temporaryFolder(), "completion.bash");
  await writeFile(script, stdout);
  const ask = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _dreamgrid
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const said = execFileSync("bash", ["-uc", ask, "ask", script, "dreamgrid", ...words], {
    encoding: "utf8",
  });
  return said.split("\n").filter((word) => word !== "");
}

describe("bash", () => {
  test.each([
    [["mod"], ["models"]],
    [["s"], ["serve", "schema"]],
    [
      ["models", ""],
      ["list", "add", "fetch", "path", "publish"],
    ],
    [["models", "add", "net.onnx", "--me"], ["--mean"]],
    [["dream", "net.onnx", "--num"], ["--num-iterations"]],
    [
      ["completion", ""],
      ["bash", "zsh", "fish"],
    ],
    [
      ["ascend", "--provider", ""],
      ["cpu", "cuda"],
    ],
    [["export-graph", "--objective", "re"], ["rectified"]],
    [["dream", "net.onnx", "--preset", "na"], ["natural"]],
    [
      ["dream", "net.onnx", "--method", ""],
      ["deepdream", "fourier"],
    ],
    [["dream", "net.onnx", "--verbose", "f"], ["false"]],
  ])("completes %j", async (words, wanted) => {
    expect(await offered(words)).toEqual(expect.arrayContaining([...wanted]));
  });

  test("offers no option of another command", async () => {
    expect(await offered(["analyze", "--me"])).toEqual([]);
  });

  test("a value that may be a file is completed as one", async () => {
    expect(await offered(["dream", "--out", "packag"])).toEqual(
      expect.arrayContaining(["package.json"]),
    );
  });
});

/** Names and descriptions that a shell would obey if they were not quoted. */
const hostile = new Command("dreamgrid").addCommand(
  new Command("a")
    .description('it\'s $(touch gone) `touch gone` \\ "x"; [1:2]')
    .addOption(new Option("-k, --kind <kind>", "it's 'quoted'").choices(["one", "two"])),
);

const isThere = (shell: string) => spawnSync(shell, ["-c", "exit 0"]).status === 0;

test.each(["bash", "zsh", "fish"] as const)(
  "%s reads its script, and obeys no description",
  async (shell) => {
    const script = completionScript(shell, commandPlaces(hostile));
    expect(script).toContain("kind");
    if (!isThere(shell)) return;
    const folder = await temporaryFolder();
    const file = join(folder, "script");
    await writeFile(file, script);
    const { status, stderr } = spawnSync(shell, ["-n", file], { encoding: "utf8" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    if (shell !== "fish") return;
    const asked = spawnSync("fish", ["-c", `source ${file}; complete -C 'dreamgrid a --kind '`], {
      encoding: "utf8",
      cwd: folder,
    });
    const values = asked.stdout
      .trim()
      .split("\n")
      .map((line) => line.split("\t")[0]);
    expect(new Set(values)).toEqual(new Set(["one", "two"]));
  },
);

test("another shell is refused", async () => {
  const { code, stderr } = await run("completion", "tcsh");
  expect(code).toBe(2);
  expect(stderr).toMatch(/'tcsh' is invalid.*bash, zsh, fish/);
});
