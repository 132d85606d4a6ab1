import type { CommandPlace, OptionCandidate } from "./command-tree.ts";

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/**
 * The script with which a shell completes the command line of `dreamgrid`. It has all words in it,
 * and so answers without starting the program.
 */
export function completionScript(shell: Shell, places: readonly CommandPlace[]): string {
  return { bash, zsh, fish }[shell](places);
}

/** Where a word leads, as the scripts spell it: each word of the path with a space before it. */
const spelled = (path: readonly string[]) => path.map((word) => ` ${word}`).join("");
const commandPaths = (places: readonly CommandPlace[]) =>
  places.flatMap(({ path }) => (path.length > 0 ? [quoted(spelled(path))] : []));
const spellings = ({ word, short }: OptionCandidate) => (short === null ? [word] : [short, word]);
/** A text as a shell takes it for one word. */
export const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

/** Branches of a `case` over the place and the option before the word that is being completed. */
function valueBranches(
  places: readonly CommandPlace[],
  offer: (values: readonly string[]) => string,
): string[] {
  return places.flatMap(({ path, options }) =>
    options.flatMap((option) => {
      if (option.values === null) return [];
      const patterns = spellings(option).map((word) => quoted(`${spelled(path)} ${word}`));
      return [`    ${patterns.join(" | ")}) ${offer(option.values)}; return ;;`];
    }),
  );
}

function bash(places: readonly CommandPlace[]): string {
  const words = (candidates: readonly { readonly word: string }[]) =>
    quoted(candidates.map(({ word }) => word).join(" "));
  return `# Completes dreamgrid in bash: source <(dreamgrid completion bash)
_dreamgrid() {
  local word place="" i commands="" options="" values=""
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}"
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    case "$place $word" in
      ${commandPaths(places).join(" | ")}) place="$place $word" ;;
    esac
  done
  case "$place $before" in
${valueBranches(places, (values) =>
  values.length > 0
    ? `COMPREPLY=($(compgen -W ${quoted(values.join(" "))} -- "$current"))`
    : `COMPREPLY=($(compgen -f -- "$current"))`,
).join("\n")}
  esac
  case "$place" in
${places
  .map(
    ({ path, commands, options, values }) =>
      `    ${quoted(spelled(path))}) commands=${words(commands)} options=${words(options)} values=${quoted(values.join(" "))} ;;`,
  )
  .join("\n")}
  esac
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$current"))
  elif [[ -n $commands$values ]]; then
    COMPREPLY=($(compgen -W "$commands $values" -- "$current"))
  fi
}
complete -o bashdefault -o default -F _dreamgrid dreamgrid`;
}

function zsh(places: readonly CommandPlace[]): string {
  const described = (word: string, description: string) =>
    quoted(`${word.replaceAll(":", "\\:")}:${description}`);
  return `#compdef dreamgrid
# Completes dreamgrid in zsh: source <(dreamgrid completion zsh)
_dreamgrid() {
  local word place=""
  local -a subcommands switches choices
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$place $word" in
      ${commandPaths(places).join(" | ")}) place="$place $word" ;;
    esac
  done
  case "$place \${words[CURRENT-1]}" in
${valueBranches(places, (values) =>
  values.length > 0 ? `compadd -- ${values.map(quoted).join(" ")}` : "_files",
).join("\n")}
  esac
  case "$place" in
${places
  .map(({ path, commands, options, values }) => {
    const subcommands = commands.map(({ word, description }) => described(word, description));
    const switches = options.flatMap((option) =>
      spellings(option).map((word) => described(word, option.description)),
    );
    return `    ${quoted(spelled(path))})
      subcommands=(${subcommands.join(" ")})
      switches=(${switches.join(" ")})
      choices=(${values.map(quoted).join(" ")}) ;;`;
  })
  .join("\n")}
  esac
  if [[ \${words[CURRENT]} == -* ]]; then
    _describe -o option switches
  elif (( \${#choices} )); then
    compadd -- "\${(@)choices}"
  else
    (( \${#subcommands} )) && _describe command subcommands
    _files
  fi
}
if [[ \${funcstack[1]} == _dreamgrid ]]; then _dreamgrid "$@"; else compdef _dreamgrid dreamgrid; fi`;
}

function fish(places: readonly CommandPlace[]): string {
  // in fish's single quotes a backslash escapes itself and the quote
  const text = (words: string) => `'${words.replaceAll(/['\\]/g, (mark) => `\\${mark}`)}'`;
  const paths = places.flatMap(({ path }) => (path.length > 0 ? [text(spelled(path))] : []));
  const lines = places.flatMap(({ path, commands, options, values }) => {
    const here = `complete -c dreamgrid -n ${text(`__dreamgrid_at ${text(spelled(path))}`)}`;
    return [
      ...commands.map(({ word, description }) => `${here} -a ${word} -d ${text(description)}`),
      ...(values.length > 0 ? [`${here} -f -a ${text(values.join(" "))}`] : []),
      ...options.map((option) => {
        const { word, short, description } = option;
        const value = valueWords(option.values, text);
        const letter = short === null ? "" : ` -s ${short.replace(/^-/, "")}`;
        return `${here}${letter} -l ${word.replace(/^--/, "")}${value} -d ${text(description)}`;
      }),
    ];
  });
  return `# Completes dreamgrid in fish: dreamgrid completion fish | source
function __dreamgrid_at
  set -l place ''
  for word in (commandline -opc)[2..-1]
    switch "$place $word"
      case ${paths.join(" ")}
        set place "$place $word"
    end
  end
  test "$place" = "$argv[1]"
end
${lines.join("\n")}`;
}

function valueWords(values: readonly string[] | null, text: (words: string) => string): string {
  if (values === null) return "";
  return values.length > 0 ? ` -x -a ${text(values.join(" "))}` : " -r";
}
