import type {Spans} from '../../core/events.ts';
import type {Datasource} from '../../core/job.ts';
import {plainConsole} from '../../core/verdict/console-signs.ts';
import type {Witnesses} from '../../core/verdict/judge.ts';
import type {Verdict} from '../../core/verdict/verdict.ts';
import type {Boot} from './types.ts';

/** A verdict with what it rests on. */
export interface Told {
  readonly verdict: Verdict;
  readonly spans: Spans;
  readonly seen?: Witnesses;
  readonly token?: string;
}

/** Keeps the evidence and says the verdict. */
export async function tellVerdict(
  {verifier, task, datasource}: Pick<Boot, 'verifier' | 'task'> & {readonly datasource?: Datasource},
  {verdict, spans, seen, token}: Told,
): Promise<Verdict> {
  const {context} = verifier;
  const console = seen?.console === undefined ? undefined : redacted(plainConsole(seen.console), token);
  const evidence =
    datasource === undefined
      ? undefined
      : await context.parts.keepEvidence({
          cloud: context.store.cloud,
          run: context.run,
          image: task.image.id,
          definition: task.definition,
          datasource,
          verdict,
          refused: seen?.trace.refused ?? [],
          ...(seen?.report && {report: seen.report}),
          ...(console !== undefined && {console}),
        });
  context.emit({
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

/** The token, and what stands behind a word for a secret, are nobody's business, also not in a file of ours. */
function redacted(text: string, token: string | undefined): string {
  const plain = token === undefined ? text : text.replaceAll(token, '***');
  return plain.replace(/((?:password|passwd|secret|token)\s*(?:is|for \S+ is)?\s*[:=]\s*)\S+/gi, '$1***');
}
