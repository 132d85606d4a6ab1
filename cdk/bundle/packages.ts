import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import * as z from "zod";

import { repositoryPath } from "./repository.ts";

/** What of a package is needed at run time on linux/x64, where that is not its JavaScript alone. */
interface RuntimePackage {
  /** Paths inside the package, `/` between folders. */
  readonly files?: RegExp;
  /** Dependencies of its install script alone. */
  readonly unused?: readonly string[];
  /** Packages for linux/x64, which npm calls optional. */
  readonly platform?: readonly string[];
}

const JAVASCRIPT = /\.[cm]?js$/;
const ALWAYS = /^(package\.json|LICEN[CS]E.*|versions\.json)$/i;

const RUNTIME_PACKAGES: Readonly<Record<string, RuntimePackage>> = {
  "onnxruntime-node": {
    files: /^(dist\/.*\.js|bin\/napi-v6\/linux\/x64\/.*)$/,
    unused: ["adm-zip", "global-agent"],
  },
  "onnxruntime-common": { files: /^dist\/cjs\/.*\.(js|json)$/ },
  sharp: {
    files: /^dist\/.*\.[cm]js$/,
    platform: ["@img/sharp-linux-x64", "@img/sharp-libvips-linux-x64"],
  },
  "@img/sharp-linux-x64": { files: /^(index\.cjs|lib\/.*\.node)$/ },
  "@img/sharp-libvips-linux-x64": { files: /^lib\/(.*\.so[.\d]*|index\.js)$/ },
};

/**
 * Copies packages of this repository's `node_modules`, and those that they depend on, as far as
 * they are needed on linux/x64.
 *
 * @throws Error if one is not installed, as on another system
 */
export function copyPackages(names: readonly string[], target: string): void {
  for (const name of withDependencies(names)) {
    const source = packageFolder(name);
    for (const file of runtimeFiles(name)) {
      mkdirSync(dirname(join(target, name, file)), { recursive: true });
      copyFileSync(join(source, file), join(target, name, file));
    }
  }
}

function withDependencies(names: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (name: string) => {
    if (found.has(name)) return;
    found.add(name);
    const { unused = [], platform = [] } = RUNTIME_PACKAGES[name] ?? {};
    const needed = dependenciesOf(name).filter((dependency) => !unused.includes(dependency));
    for (const dependency of [...needed, ...platform]) visit(dependency);
  };
  for (const name of names) visit(name);
  return found;
}

function runtimeFiles(name: string): string[] {
  const source = packageFolder(name);
  const wanted = RUNTIME_PACKAGES[name]?.files ?? JAVASCRIPT;
  return readdirSync(source, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(source, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .filter((file) => ALWAYS.test(file) || wanted.test(file));
}

const manifestSchema = z.object({ dependencies: z.record(z.string(), z.string()).default({}) });

function dependenciesOf(name: string): string[] {
  const text = readFileSync(join(packageFolder(name), "package.json"), "utf8");
  return Object.keys(manifestSchema.parse(JSON.parse(text)).dependencies);
}

function packageFolder(name: string): string {
  const folder = repositoryPath("node_modules", name);
  if (existsSync(join(folder, "package.json"))) return folder;
  throw new Error(
    `node_modules/${name} is not there, but functions run on linux/x64 and need it; install it with: npm ci --os=linux --cpu=x64 --libc=glibc`,
  );
}
