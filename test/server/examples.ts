import {readFileSync} from 'node:fs';

/** A call of docs/api.md as it stands there. */
export interface Example {
  /** The heading that it stands below: `GET /v1/runs`. */
  readonly call: string;
  readonly command: string;
  readonly answer: string;
}

/** Every example with curl on the page: a command in an indented block, its answer in a fenced one. */
export function examplesOf(page: string): readonly Example[] {
  const sections = page.split(/^### /m).slice(1);
  return sections.flatMap((section) => {
    const [, call] = /^`((?:GET|POST|DELETE) \S+)`/.exec(section) ?? [];
    if (call === undefined) return [];
    const found = section.matchAll(/^ {4}(curl (?:.*\\\n)*.*)\n+```\w+\n([\s\S]*?)^```$/gm);
    return [...found].map(([, command = '', answer = '']) => ({call, command, answer}));
  });
}

/** The page. */
export function apiPage(): string {
  return readFileSync(new URL('../../docs/api.md', import.meta.url), 'utf8');
}

/** What the page shows and the answer does not have, or has as something else; the page may leave out fields and rows. */
export function misfits(shown: unknown, live: unknown, at = ''): readonly string[] {
  if (shown === null || typeof shown !== 'object') {
    const [wanted, is] = [kindOf(shown), kindOf(live)];
    return wanted === is ? [] : [`${at} is ${is}, not ${wanted}`];
  }
  if (Array.isArray(shown)) {
    if (!Array.isArray(live)) return [`${at} is no list`];
    return shown.flatMap((one: unknown, index) => {
      const each = live.map((other: unknown) => misfits(one, other, `${at}[${index}]`));
      return each.toSorted((a, b) => a.length - b.length)[0] ?? [`${at} is empty`];
    });
  }
  if (kindOf(live) !== 'object') return [`${at} is ${kindOf(live)}, not object`];
  const fields = live as Readonly<Record<string, unknown>>;
  return Object.entries(shown).flatMap(([name, value]) =>
    name in fields ? misfits(value, fields[name], `${at}.${name}`) : [`${at}.${name} is not there`],
  );
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'list' : typeof value;
}

/** The same for a text: each line of the page is in the answer; JSON behind `data: ` by its form, other lines whatever their numbers. */
export function textMisfits(shown: string, live: string): readonly string[] {
  const lines = live.split('\n');
  const data = lines.flatMap((line) =>
    line.startsWith('data: ') ? [JSON.parse(line.slice(6)) as {type?: string}] : [],
  );
  return shown.split('\n').flatMap((line) => {
    if (!line.startsWith('data: ')) {
      return lines.some((other) => withoutNumbers(other).startsWith(withoutNumbers(line))) ? [] : [`no line ${line}`];
    }
    const one = JSON.parse(line.slice(6)) as {type?: string};
    return misfits(
      [one],
      data.filter(({type}) => type === one.type),
      line.slice(0, 60),
    );
  });
}

const withoutNumbers = (text: string): string => text.replaceAll(/\d+/g, '0');
