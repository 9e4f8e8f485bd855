import {shell} from './shell.ts';
import type {ArgumentTree, CompletionTree, FlagTree, Values} from './tree.ts';

/**
 * A script for bash (4.4 or newer) that needs no other. It takes the line apart by itself, since bash splits words also at `:` and `=`, and
 * quotes what it offers as the word that was begun.
 */
export function bashScript({flags, verbs}: CompletionTree): string {
  const offers = ({name, flags: own, args}: CompletionTree['verbs'][number]): string =>
    `    ${name}) flags=(${own.map(flagWord).join(' ')}) args=(${args.map(argumentWord).join(' ')}) ;;`;
  return `${HEAD}
# What a command takes: flags (FLAG, or FLAG=VALUES), then what stands in each place; a star: all further ones, too.
_imgmgr_offers() {
  flags=() args=()
  case $1 in
${verbs.map(offers).join('\n')}
  esac
  flags+=(${flags.map(flagWord).join(' ')})
}
_imgmgr_verbs=(${verbs.map(({name}) => name).join(' ')})

${ENGINE}`;
}

const HEAD = `# bash completion for imgmgr; made by: imgmgr completion bash
`;

function flagWord({long, short, values, many}: FlagTree): string {
  const value = values ? `=${valuesWord(values, many)}` : '';
  return [long, ...(short === undefined ? [] : [short])].map((flag) => `${flag}${value}`).join(' ');
}

function argumentWord({values, many}: ArgumentTree): string {
  return valuesWord(values, many);
}

/** Words are letters, digits and hyphens. */
function valuesWord(values: Values, many: boolean): string {
  const text =
    values.kind === 'words' ? `words:${values.words.join(':')}${values.files ? ':@files' : ''}` : values.kind;
  return many ? `${text}\\*` : text;
}

const ENGINE = shell`_imgmgr_tick=$'\x60'

# The line before the cursor as the shell will take it: words, the last of them unfinished; quote: what it stands in; done: as much of
# its text as readline leaves alone.
_imgmgr_split() {
  local line=$1 char next i begun= word=
  words=() quote= done=0
  for ((i = 0; i < \${#line}; i++)); do
    char=\${line:i:1}
    if [[ $quote == "'" ]]; then
      if [[ $char == "'" ]]; then quote= done=\${#word}; else word+=$char; fi
    elif [[ $char == \\ ]]; then
      next=\${line:i+1:1} begun=1
      ((++i))
      if [[ $quote && $next != [\"\$$_imgmgr_tick\\] ]]; then word+=\\; fi
      word+=$next
    elif [[ $quote ]]; then
      if [[ $char == '"' ]]; then quote= done=\${#word}; else word+=$char; fi
    elif [[ $char == [\"\'] ]]; then
      quote=$char done=\${#word} begun=1
    elif [[ $char == [[:space:]] ]]; then
      if [[ $begun ]]; then words+=("$word"); fi
      word= begun= done=0
    else
      begun=1
      if [[ $char == @ ]]; then done=\${#word}; fi
      word+=$char
      if [[ $char != @ && $COMP_WORDBREAKS == *"$char"* ]]; then done=\${#word}; fi
    fi
  done
  words+=("$word")
}

# A text as a part of the word that was begun, in the quotes that it stands in.
_imgmgr_quote() {
  local text=$1
  case $quote in
    "'") text=\${text//\'/\'\\\'\'} ;;
    '"')
      text=\${text//\\/\\\\} text=\${text//\"/\\\"} text=\${text//\$/\\\$} text=\${text//$_imgmgr_tick/\\$_imgmgr_tick}
      text=\${text//\!/\"\'\!\'\"}
      ;;
    *) if [[ $text ]]; then printf -v text %q "$text"; fi ;;
  esac
  COMPREPLY+=("$text")
}

# Offers those of the texts that begin as the word does; before: what stands before each of them.
_imgmgr_offer() {
  local before=$1 text
  shift
  for text; do
    if [[ $text && $before$text == "$current"* ]]; then text=$before$text; _imgmgr_quote "\${text:done}"; fi
  done
}

_imgmgr_names() {
  local names
  mapfile -t names < <(command imgmgr completion --names "$1" "\${images[@]}" 2>/dev/null </dev/null)
  _imgmgr_offer "$2" "\${names[@]}"
}

# What may stand where these values are asked for; before: the part of the word that is there in any case.
_imgmgr_values() {
  local values=\${1%\*} before=$2 listed
  case $values in
    clouds)
      # Names separated by commas: the last one.
      listed=\${current#"$before"}
      if [[ $listed == *,* ]]; then before+=\${listed%,*},; fi
      _imgmgr_names clouds "$before"
      ;;
    definitions) _imgmgr_names definitions "$before" ;;
    files) compopt -o default ;;
    folders) compopt -o dirnames ;;
    words:*)
      if [[ $values == *:@files ]]; then compopt -o default; fi
      local IFS=:
      local -a list=(\${values#words:})
      _imgmgr_offer "$before" "\${list[@]/#@files/}"
      ;;
  esac
}

_imgmgr() {
  local words quote done current i word verb= kind= place=0 flag over=
  local -a flags args images=()
  COMPREPLY=()
  _imgmgr_split "\${COMP_LINE:0:COMP_POINT}"
  current=\${words[\${#words[@]} - 1]}
  _imgmgr_offers ''
  # Whatever stands before the command.
  for ((i = 0; i < \${#words[@]} - 1; i++)); do if [[ \${words[i]} == "\${COMP_WORDS[0]}" ]]; then break; fi; done
  for ((i++; i < \${#words[@]} - 1; i++)); do
    word=\${words[i]}
    if [[ $kind == *\* && $word == -* ]]; then kind=; fi
    if [[ $kind ]]; then
      if [[ $flag == --images ]]; then images+=(--images "$word"); fi
      if [[ $kind != *\* ]]; then kind=; fi
    elif [[ $word == -- ]]; then
      over=1
    elif [[ $word == -* && ! $over ]]; then
      if [[ $word == --images=* ]]; then images+=("$word"); fi
      for flag in "\${flags[@]}"; do if [[ $flag == "$word="* ]]; then kind=\${flag#*=}; break; fi; done
      flag=$word
    elif [[ ! $verb ]]; then
      verb=$word
      _imgmgr_offers "$verb"
    else
      ((place++))
    fi
  done
  if [[ $kind && ! ($kind == *\* && $current == -*) ]]; then
    _imgmgr_values "$kind" ''
  elif [[ $current == --*=* && ! $over ]]; then
    for flag in "\${flags[@]}"; do
      if [[ $flag == "\${current%%=*}="* ]]; then _imgmgr_values "\${flag#*=}" "\${current%%=*}="; fi
    done
  elif [[ $current == -* && ! $over ]]; then
    _imgmgr_offer '' "\${flags[@]%%=*}"
  elif [[ ! $verb ]]; then
    _imgmgr_offer '' "\${_imgmgr_verbs[@]}"
  elif ((place < \${#args[@]})); then
    _imgmgr_values "\${args[place]}" ''
  elif ((\${#args[@]})) && [[ \${args[\${#args[@]} - 1]} == *\* ]]; then
    _imgmgr_values "\${args[\${#args[@]} - 1]}" ''
  fi
}
complete -F _imgmgr imgmgr
`;
