/** A piece of a shell script as it is written, but that `\${` is `${`. */
export function shell({raw}: TemplateStringsArray): string {
  return raw.join('').replaceAll('\\${', '${');
}

/** A text in single quotes, as bash and zsh read it. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
