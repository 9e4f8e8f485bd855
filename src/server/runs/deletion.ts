import type {RunDetails} from '../../core/history/records.ts';
import type {RunAnswer} from '../contract/runs.ts';
import {commandText, deletionLine} from '../verbs/command-line.ts';
import type {OfferContext} from '../verbs/offers.ts';
import {refusalOf} from '../verbs/permit.ts';

/** The definitions of which this host still has a build of that run, or the log of one. */
export function definitionsLeft({builds, logs}: Pick<RunDetails, 'builds' | 'logs'>): readonly string[] {
  const made = builds.filter(({manifest, gone}) => manifest !== null && !gone);
  const logged = logs.filter(({kind, gone}) => kind === 'build' && !gone);
  return [...new Set([...made, ...logged].map(({definition}) => definition))];
}

/** How what is left of the builds of a run is deleted; null: nothing is. */
export function deletionOf(
  run: string,
  details: Pick<RunDetails, 'builds' | 'logs'>,
  {identity, permissions, flags}: OfferContext,
): RunAnswer['deletion'] {
  const names = definitionsLeft(details);
  const [name] = names;
  if (name === undefined) return null;
  return {
    confirm: names.length === 1 ? name : `delete ${names.length} builds`,
    command: commandText(deletionLine(run, flags)),
    refused: refusalOf({verb: 'build', clouds: [], flags: {}}, identity, permissions) ?? null,
  };
}
