import type {ImageAnswer} from '../contract/images.ts';
import {moment} from './clock.ts';
import {checkTable} from './checks.ts';
import {el} from './dom.ts';
import type {ShownImage} from './image-facts.ts';
import {pill} from './notes.ts';
import {path} from './path.ts';

type Verification = ImageAnswer['verifications'][number];

/** The verdict that the image carries, and every check of its last verification by this host. */
export function verdictOf({verdict}: ShownImage, verifications: readonly Verification[]): HTMLElement {
  const [last] = verifications;
  return el(
    'section',
    {class: 'verdict'},
    el('h3', {}, 'Verdict'),
    verdict
      ? el(
          'p',
          {class: 'buttons'},
          pill(verdict.kind === 'pass' ? 'good' : 'bad', verdict.kind === 'pass' ? 'passed' : verdict.cause),
          verdict.at !== '' && moment(verdict.at),
          verdict.failed.length > 0 && `failed: ${verdict.failed.join(', ')}`,
        )
      : el('p', {class: 'quiet'}, 'None is on record: it was not booted, or by an earlier version.'),
    last && [
      el(
        'p',
        {class: 'quiet'},
        'Seen by ',
        el('a', {href: path`/runs/${last.run}`}, `run ${last.run.slice(0, 8)}`),
        ' of this host',
        last.datasource !== null && `, by ${last.datasource}`,
      ),
      checkTable(last.checks),
    ],
  );
}
