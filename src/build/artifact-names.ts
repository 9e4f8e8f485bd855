import {createHash} from 'node:crypto';
import {normalized} from '../core/normalized.ts';
import {trimmed} from '../core/trimmed.ts';

/** The folder of a definition's artifacts, readable and unmistakable: `debian-12-1f2e3d4c` for `Debian 12`. */
export function definitionFolder(definition: string): string {
  const digest = createHash('sha256').update(definition).digest('hex').slice(0, 8);
  return `${slugOf(definition)}-${digest}`;
}

/** The folder of one artifact: `20261121.2-0123456789ab`, the version and the beginning of its inputs' hash. */
export function artifactFolder({version, inputs}: {readonly version: string; readonly inputs: string}): string {
  return `${version}-${inputs.slice(0, 12)}`;
}

/** The file of a build's log, {@link definitionFolder}`-<version>-<run>.log`; hyphens, blanks and the like in the run become `_`. */
export function logName(build: {readonly definition: string; readonly version: string; readonly run: string}): string {
  return `${definitionFolder(build.definition)}-${build.version}-${slugOf(build.run).replaceAll('-', '_')}.log`;
}

/** What {@link logName} put together, of the run the beginning; undefined for another name. */
export function readLogName(
  name: string,
): {readonly series: string; readonly version: string; readonly run: string} | undefined {
  const [, series, version, run] = /^(.+-[0-9a-f]{8})-(\d{8}(?:\.\d+)?)-([^-]{1,8})[^-]*\.log$/.exec(name) ?? [];
  return series === undefined || version === undefined || run === undefined ? undefined : {series, version, run};
}

const LONGEST = 60;

/** Small letters, digits, dots and hyphens; no accents, nothing at the ends that a shell or a file system would misread. */
function slugOf(text: string): string {
  const plain = normalized(text, 'NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase();
  const slug = plain.replace(/[^a-z0-9.]+/g, '-').slice(0, LONGEST);
  return trimmed(slug, '-.') || 'image';
}
