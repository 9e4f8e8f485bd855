/** What a person has chosen, by the names of flags. */
export type Chosen = Readonly<Record<string, string | number | boolean>>;

/** The command with what was chosen: in the place of a word in capitals (`--until DATE`), else behind it. */
export function filledCommand(command: string, chosen: Chosen): string {
  return Object.entries(chosen).reduce((text, [flag, value]) => {
    const name = `--${flag.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    if (value === true) return hasFlag(text, name) ? text : `${text} ${name}`;
    if (value === false || value === '') return text;
    const words = text.split(' ');
    const at = words.indexOf(name);
    const placeholder = at < 0 ? '' : (words[at + 1] ?? '');
    if (!/^[A-Z]+$/.test(placeholder)) return hasFlag(text, name) ? text : `${text} ${name} ${quoted(String(value))}`;
    return words.with(at + 1, quoted(String(value))).join(' ');
  }, command);
}

/** As a POSIX shell takes it as one word. */
export function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function hasFlag(command: string, name: string): boolean {
  return ` ${command} `.includes(` ${name} `);
}
