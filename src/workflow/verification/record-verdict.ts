import type {Spans} from '../../core/verdict/verdict-events.ts';
import type {Datasource} from '../../core/job.ts';
import {redactSecrets, wholeLines} from '../../core/verdict/console-text.ts';
import type {Witnesses} from '../../core/verdict/judge.ts';
import type {Verdict} from '../../core/verdict/verdict.ts';
import type {Boot} from './verifier.ts';

/** A verdict with what it rests on. */
export interface VerdictRecord {
  readonly verdict: Verdict;
  readonly spans: Spans;
  readonly seen?: Witnesses;
  readonly token?: string;
}

/** Keeps the evidence and says the verdict. */
export async function recordVerdict(
  {verifier, task, datasource}: Pick<Boot, 'verifier' | 'task'> & {readonly datasource?: Datasource},
  {verdict, spans, seen, token}: VerdictRecord,
): Promise<Verdict> {
  const {context} = verifier;
  const console = seen?.console === undefined ? undefined : redactSecrets(wholeLines(seen.console), token);
  const evidence =
    datasource === undefined
      ? undefined
      : await context.parts.keepEvidence(
          {
            cloud: context.store.cloud,
            run: context.run,
            image: task.image.id,
            definition: task.definition,
            datasource,
            verdict,
            refused: seen?.trace.refused ?? [],
            ...(seen?.report && {report: seen.report}),
            ...(console !== undefined && {console}),
          },
          task.emit,
        );
  task.emit({
    type: 'verdict',
    cloud: context.store.cloud,
    definition: task.definition,
    image: task.image.id,
    verdict,
    spans,
    ...(task.version !== undefined && {version: task.version}),
    ...(datasource !== undefined && {datasource}),
    ...(evidence !== undefined && {evidence}),
  });
  return verdict;
}
