import {countsOf} from '../core/counts.ts';
import type {Emit} from '../core/events.ts';
import {audit} from '../core/rules/audit.ts';
import {definitionSubjects} from '../core/rules/definition-subjects.ts';
import {countsAs} from '../core/rules/finding.ts';
import {FORECAST_MS, forecast} from '../core/rules/forecast.ts';
import type {Severity} from '../core/rules/rule-text.ts';
import {subjectSet} from '../core/rules/subject-set.ts';
import {ImgmgrError} from '../errors.ts';
import type {CloudOutcome} from '../workflow/types.ts';
import type {ProfileChoice} from './audit-profile.ts';
import {chosenProfile} from './audit-profile.ts';
import type {AppPorts} from './ports.ts';

/** Judge definitions without any cloud. */
export interface ValidateRequest {
  /** Files and folders; none: the default place. */
  readonly paths: readonly string[];
  readonly profile: ProfileChoice;
  /** Findings of this severity and worse make the definitions fail. */
  readonly failOn: Severity;
}

/** Emits every problem and finding; the outcome fails with DEFINITION for problems of the files, and has changes pending for findings that count. */
export async function* validate(
  {paths, profile: chosen, failOn}: ValidateRequest,
  {files: operator, now}: Pick<AppPorts, 'files' | 'now'>,
  emit: Emit,
): AsyncGenerator<CloudOutcome> {
  const at = now();
  const profile = await chosenProfile(chosen, {files: operator}, at);
  const {written, problems, files, whole} = await operator.written(paths);
  const subjects = written.flatMap((each) => definitionSubjects(each, profile.oldGeneric));
  // Definitions that could not be read may be the ones that seem to be missing.
  const input = {set: subjectSet(subjects, whole && problems.length === 0), profile, now: at.getTime()};
  const findings = audit(input);
  const ahead = forecast(input, at.getTime() + FORECAST_MS).map(({finding, from}) => ({
    ...finding,
    from: new Date(from).toISOString(),
  }));
  const images = subjects.flatMap(({name, placeOf}) =>
    name === null || !placeOf ? [] : [{name, place: placeOf('name', 'value')}],
  );
  emit({type: 'audited', asOf: at.toISOString(), files, images, problems, findings, ahead, failOn});
  const wrong = new ImgmgrError('DEFINITION', 'the definitions have problems', {problems});
  yield {
    cloud: '',
    counts: countsOf({}),
    errors: problems.length === 0 ? [] : [wrong],
    changesPending: findings.some((finding) => countsAs(finding, failOn)),
  };
}
