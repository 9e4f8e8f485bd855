import type {Identity} from '../access/identity.ts';
import {seesAll} from '../access/identity.ts';
import type {StartedAnswer} from '../contract/runs.ts';
import {deleteBuildsRequest} from '../contract/runs.ts';
import {CallError, notFound} from '../errors.ts';
import {definitionsLeft, deletionOf} from '../runs/deletion.ts';
import {deletionLine} from '../verbs/command-line.ts';
import {readValue} from '../verbs/read-body.ts';
import type {ServiceContext} from './context.ts';
import {offerContext, waitForEndedRuns} from './context.ts';
import {findRun, started} from './runs.ts';

/** Starts the run that deletes what is left of the builds of a run, once its text is typed. USAGE, NOT_FOUND, FORBIDDEN, CONFLICT, UNAVAILABLE. */
export async function deleteBuilds(
  id: string,
  body: unknown,
  identity: Identity,
  context: ServiceContext,
): Promise<StartedAnswer> {
  const {parts, runs, history} = context;
  const {confirm} = readValue(deleteBuildsRequest, body);
  const {isOver} = await findRun(id, identity, context);
  const details = await history.read((reader) => reader.details(id));
  const deletion = details && deletionOf(id, details, offerContext(context, identity));
  if (!details || !deletion) throw notFound(`build of run ${id}`, 'it built nothing, or its builds were deleted');
  if (deletion.refused !== null)
    throw new CallError(
      403,
      {code: 'FORBIDDEN', message: deletion.refused},
      {hint: 'the equivalent command works for whoever may log in there'},
    );
  if (!isOver)
    throw new CallError(
      409,
      {code: 'CONFLICT', message: 'the run goes on', run: id},
      {hint: 'wait until it ends, or cancel it'},
    );
  if (confirm !== deletion.confirm)
    throw new CallError(
      400,
      {code: 'USAGE', message: `confirm has to be "${deletion.confirm}", since files of this host are deleted`},
      {hint: 'type it as it stands'},
    );
  const line = deletionLine(id, parts.flags);
  await parts.parse(line);
  const definitions = definitionsLeft(details);
  await waitForEndedRuns(context);
  return started(
    await runs.start({verb: 'build', definitions, clouds: [], line, by: identity.user}, ({clouds: of}) =>
      seesAll(identity, of),
    ),
    context,
  );
}
