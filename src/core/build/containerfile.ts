/** What a Containerfile takes from other container images. */
export interface ContainerfileBases {
  /** References of the images, each once, as they are written. */
  readonly images: readonly string[];
  /** The first reference that names no image by itself, as `${BASE}` does, and its line, from 1. */
  readonly variable?: {readonly text: string; readonly line: number};
  /** The first construct with which a line may mean something else than it says here, and its line, from 1. */
  readonly unread?: {readonly text: string; readonly line: number};
}

/** `# escape=` and `# syntax=`, and here-documents, whose lines are no instructions. */
const DIRECTIVE = /^#\s*(?:escape|syntax)\s*=/i;
const HERE_DOCUMENT = /^(?:\d+)?<<-?["']?[A-Za-z_]/;

/**
 * The images that FROM, `COPY --from` and `RUN --mount=…,from=` name, stages of the file left out. `scratch` is no image.
 * https://docs.docker.com/reference/dockerfile/
 */
export function basesOf(text: string): ContainerfileBases {
  const stages = new Set<string>(['scratch']);
  const images = new Set<string>();
  let variable: ContainerfileBases['variable'];
  const take = (reference: string, line: number): void => {
    const name = reference.replace(/^["']|["']$/g, '');
    if (/^\d+$/.test(name) || stages.has(name.toLowerCase())) return;
    if (name.includes('$')) variable ??= {text: name, line};
    else images.add(name);
  };
  const lines = instructions(text);
  const directive = text.split('\n').findIndex((line) => DIRECTIVE.test(line.trim()));
  const document = lines.find(({words}) => words.some((word) => HERE_DOCUMENT.test(word)));
  const unread =
    directive >= 0
      ? {text: 'a directive (# escape=, # syntax=)', line: directive + 1}
      : document && {text: 'a here-document (<<)', line: document.line};
  for (const {words, line} of lines) {
    const [instruction = '', ...rest] = words;
    switch (instruction.toUpperCase()) {
      case 'FROM': {
        const [image = '', as = '', stage] = rest.filter((word) => !word.startsWith('--'));
        take(image, line);
        if (as.toUpperCase() === 'AS' && stage !== undefined) stages.add(stage.toLowerCase());
        break;
      }
      case 'COPY':
      case 'ADD':
      case 'RUN':
      case 'ONBUILD':
        for (const word of rest) for (const name of sourcesIn(word)) take(name, line);
    }
  }
  return {images: [...images], ...(variable && {variable}), ...(unread && {unread})};
}

/** `--from=NAME`, and `from=NAME` in `--mount=type=bind,from=NAME`. */
function sourcesIn(word: string): string[] {
  if (word.startsWith('--from=')) return [word.slice('--from='.length)];
  if (!word.startsWith('--mount=')) return [];
  const options = word.slice('--mount='.length).split(',');
  return options.filter((option) => option.startsWith('from=')).map((option) => option.slice('from='.length));
}

/** Logical lines as words: a backslash at the end of a line goes on with the next one, comments and empty lines say nothing. */
function instructions(text: string): {readonly words: readonly string[]; readonly line: number}[] {
  const found: {words: string[]; line: number}[] = [];
  let open = false;
  for (const [index, raw] of text.split('\n').entries()) {
    const trimmed = raw.trim();
    if (trimmed === '' || trimmed.startsWith('#')) continue;
    const goesOn = trimmed.endsWith('\\');
    const words = (goesOn ? trimmed.slice(0, -1) : trimmed).split(/\s+/).filter((word) => word !== '');
    const last = found.at(-1);
    if (open && last) last.words.push(...words);
    else found.push({words, line: index + 1});
    open = goesOn;
  }
  return found;
}
