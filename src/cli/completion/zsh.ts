import {quoted, shell} from './shell.ts';
import type {ArgumentTree, CompletionTree, FlagTree, Values, VerbTree} from './tree.ts';

/** A script for the completion system of zsh: a file `_imgmgr` in a folder of `fpath`. */
export function zshScript({flags, verbs}: CompletionTree): string {
  const rest = ({name, flags: own, args}: VerbTree): string => {
    const specs = [...own.flatMap(flagSpecs), ...args.map(argumentSpec)];
    return `    ${name})\n      _arguments -S $global \\\n${specs.map((spec) => `        ${quoted(spec)}`).join(' \\\n')}\n      ;;`;
  };
  return `#compdef imgmgr
# zsh completion for imgmgr; made by: imgmgr completion zsh

_imgmgr() {
  local curcontext=$curcontext state state_descr line
  local -A opt_args
  local -a global=(
${flags
  .flatMap(flagSpecs)
  .map((spec) => `    ${quoted(spec)}`)
  .join('\n')}
  )
  local -a verbs=(
${verbs.map(({name, text}) => `    ${quoted(`${name}:${text}`)}`).join('\n')}
  )
  _arguments -S -C $global '1:command:->verb' '*::argument:->rest' && return
  if [[ $state == verb ]]; then
    _describe -t commands command verbs
    return
  fi
  case $line[1] in
${verbs.map(rest).join('\n')}
  esac
}

${ENGINE}`;
}

function flagSpecs({long, short, text, name, values, many, repeats}: FlagTree): readonly string[] {
  const action = values ? `:${many ? '*-*:' : ''}${label(name)}:${actionOf(values)}` : '';
  return [long, ...(short === undefined ? [] : [short])].map((flag) => {
    const equals = values && !many && flag.startsWith('--') ? '=' : '';
    return `${repeats ? '*' : ''}${flag}${equals}[${label(text)}]${action}`;
  });
}

function argumentSpec({name, values, many}: ArgumentTree): string {
  return `${many ? '*' : ''}:${label(name)}:${actionOf(values)}`;
}

/** What would end a label is escaped. */
function label(text: string): string {
  return text.replace(/[\\\][:]/g, '\\$&');
}

function actionOf(values: Values): string {
  switch (values.kind) {
    case 'words':
      return values.files ? ` _imgmgr_words_or_files ${values.words.join(' ')}` : `(${values.words.join(' ')})`;
    case 'files':
      return '_files';
    case 'folders':
      return '_files -/';
    case 'clouds':
      return '_imgmgr_clouds';
    case 'definitions':
      return '_imgmgr_definitions';
    case 'text':
      return ' ';
  }
}

const ENGINE = shell`_imgmgr_names() {
  local kind=$1 i
  local -a names images
  shift
  for ((i = 1; i < CURRENT; i++)); do
    case $words[i] in
      --images) images+=(--images \${(Q)words[i+1]}) ;;
      --images=*) images+=(\${(Q)words[i]}) ;;
    esac
  done
  names=(\${(f)"$(command imgmgr completion --names $kind $images 2>/dev/null </dev/null)"})
  compadd "$@" -a names
}

_imgmgr_clouds() {
  # Names separated by commas: the last one.
  compset -P '*,'
  _imgmgr_names clouds "$@"
}

_imgmgr_definitions() { _imgmgr_names definitions "$@"; }

_imgmgr_words_or_files() {
  _alternative "words:word:($*)" 'files:file:_files'
}

_imgmgr "$@"
`;
