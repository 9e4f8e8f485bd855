import {shell} from './shell.ts';
import type {ArgumentTree, CompletionTree, FlagTree, Values} from './tree.ts';

/** A script for fish (3.4 or newer): a file `imgmgr.fish` in a folder of `fish_complete_path`. */
export function fishScript({flags, verbs}: CompletionTree): string {
  const lines = [
    ...verbs.map(({name, text}) => complete('not __imgmgr_verb', `-a ${name} -d ${fishQuoted(text)}`)),
    ...flags.map((flag) => complete(undefined, flagWords(flag))),
    ...verbs.flatMap(({name, flags: own, args}) => [
      ...own.map((flag) => complete(`__imgmgr_is ${name}`, flagWords(flag))),
      ...args.flatMap((argument, place) => argumentLine(argument, {verb: name, place})),
    ]),
  ];
  return `# fish completion for imgmgr; made by: imgmgr completion fish
${ENGINE.replace('TAKERS', takers({flags, verbs}).join(' '))}
complete -c imgmgr -f
${lines.join('\n')}
`;
}

/** Flags with a value, those left out that have none behind another command. */
function takers({flags, verbs}: CompletionTree): readonly string[] {
  const all = [...flags, ...verbs.flatMap((verb) => verb.flags)];
  const bare = new Set(all.flatMap(({long, values}) => (values ? [] : [long])));
  return [...new Set(all.flatMap(({long, values}) => (values && !bare.has(long) ? [long] : [])))];
}

function complete(condition: string | undefined, words: string): string {
  return `complete -c imgmgr${condition === undefined ? '' : ` -n '${condition}'`} ${words}`;
}

function flagWords({long, short, text, values}: FlagTree): string {
  const names = [`-l ${long.slice(2)}`, ...(short === undefined ? [] : [`-s ${short.slice(1)}`])].join(' ');
  return `${names}${values ? ` ${valueWords(values)}` : ''} -d ${fishQuoted(text)}`;
}

/** What cannot be listed is asked for in no place: then nothing is offered. */
function argumentLine(
  {values, many}: ArgumentTree,
  {verb, place}: {readonly verb: string; readonly place: number},
): readonly string[] {
  const words = offered(values);
  const at = many ? `__imgmgr_is ${verb}` : `__imgmgr_is ${verb} ${place}`;
  return words === undefined ? [] : [complete(at, words)];
}

function valueWords(values: Values): string {
  const words = offered(values);
  return values.kind === 'files' || (values.kind === 'words' && values.files === true)
    ? `-r ${words ?? ''}`
    : `-x ${words ?? ''}`.trim();
}

function offered(values: Values): string | undefined {
  switch (values.kind) {
    case 'words':
      return `${values.files ? '-F ' : ''}-a '${values.words.join(' ')}'`;
    case 'files':
      return '-F';
    case 'folders':
      return `-a '(__fish_complete_directories (commandline -ct))'`;
    case 'clouds':
    case 'definitions':
      return `-a '(__imgmgr_names ${values.kind})'`;
    case 'text':
      return undefined;
  }
}

function fishQuoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}

const ENGINE = shell`
# The words before the cursor that are neither flags nor the values of flags: the command, then the rest.
function __imgmgr_words
    set -l words (commandline -opc)
    set -e words[1]
    set -l takers TAKERS
    set -l skip 0
    for word in $words
        if test $skip = 1
            set skip 0
        else if contains -- $word $takers
            set skip 1
        else if not string match -q -- '-*' $word
            printf '%s\n' $word
        end
    end
end

function __imgmgr_verb
    set -l words (__imgmgr_words)
    test (count $words) -gt 0
end

# Is it this command, with so many words behind it?
function __imgmgr_is
    set -l words (__imgmgr_words)
    test (count $words) -gt 0; or return 1
    test $words[1] = $argv[1]; or return 1
    test (count $argv) -lt 2; or test (count $words) -eq (math $argv[2] + 1)
end

function __imgmgr_names
    set -l words (commandline -opc)
    set -l images
    for i in (seq (count $words))
        if test $words[$i] = --images; and test $i -lt (count $words)
            set -a images --images $words[(math $i + 1)]
        else if string match -q -- '--images=*' $words[$i]
            set -a images $words[$i]
        end
    end
    command imgmgr completion --names $argv[1] $images 2>/dev/null </dev/null
end
`;
