import {join} from 'node:path';
import {DatabaseSync} from 'node:sqlite';
import {openReader} from '../../src/history/reader.ts';

/** What is wrong with the history of a host whose runs were killed, after a later one ended by itself. */
export function historyFaults(state: string): string[] {
  const folder = join(state, 'imgmgr');
  const reader = openReader({folder, now: () => new Date()});
  if (!reader) return ['there is no history'];
  const {runs} = reader.runs({limit: 100});
  const broken = runs.flatMap(({id}) => {
    const {run, actions = [], verifications = []} = reader.details(id) ?? {};
    const open = [...actions, ...verifications].filter(({state: one}) => one === 'RUNNING' || one === 'PENDING');
    const last = reader.events(id, {after: 0, limit: 100_000}).at(-1);
    const isWhole = run?.state === 'LOST' ? last?.type !== 'finished' : last?.type === 'finished';
    return [
      ...(run?.state === 'RUNNING' ? [`run ${id} is running`] : []),
      ...(open.length > 0 ? [`run ${id} (${run?.state ?? ''}) has open parts`] : []),
      ...(isWhole ? [] : [`run ${id} is ${run?.state ?? ''} and its last event is ${last?.type ?? 'none'}`]),
    ];
  });
  reader.close();
  const db = new DatabaseSync(join(folder, 'history.sqlite'), {readOnly: true});
  const check = String(db.prepare('PRAGMA integrity_check').get()?.['integrity_check']);
  db.close();
  return [...broken.map((fault) => `history: ${fault}`), ...(check === 'ok' ? [] : [`history: ${check}`])];
}
