import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import type {FakeCloud} from '../fakes/fake-cloud.ts';
import type {ImageView} from '../fakes/glance/image-table.ts';
import {
  atRest,
  bookOf,
  cloudFor,
  describeKill,
  endState,
  inTurns,
  killOnce,
  killsOf,
  kindsOfWrites,
  rehearse,
} from './every-write.ts';
import type {Kill, Rehearsal} from './every-write.ts';
import {watchLaws} from './laws.ts';
import {cloudWith, runHere, snapshot} from './place.ts';
import {CHANGES, ROTATION} from './scenarios.ts';

const SHARING = CHANGES.filter(({what}) => what === 'a member that comes and one that goes');

describe('a run by a plan file, killed at every write', () => {
  it.each([ROTATION, ...SHARING])(
    'the same command goes on or is refused, and is not refused before an image was changed; plain manage and a new plan go on: $what',
    async (scenario) => {
      const rehearsal = await rehearse(scenario);
      try {
        const kills = killsOf({...rehearsal, scenario: {...scenario, killedAtLeases: true}});
        const seen = new Set<string>();
        const faults = await inTurns([...kills.entries()], ([index, kill]) =>
          meet(rehearsal, kill, {path: join(rehearsal.place.folder, `plan-${index}.json`), seen}),
        );
        expect(faults.flat()).toEqual([]);
        // Both happened, so both were tried.
        expect([...seen].sort()).toEqual(['carried out', 'refused']);
      } finally {
        await rehearsal.place.close();
      }
    },
  );
});

interface Meeting {
  readonly path: string;
  readonly seen: Set<string>;
}

/** Kills the run by a plan, then runs it again, then in the other ways; gives what is not as it should be. */
async function meet(rehearsal: Rehearsal, kill: Kill, {path, seen}: Meeting): Promise<string[]> {
  const {scenario, start, argv} = rehearsal;
  const cloud = await cloudFor(scenario, start);
  const laws = watchLaws(cloud, bookOf(scenario));
  const byPlan = ['manage', '--plan', path];
  const plan = await runHere(cloud, [...argv, '--dry-run', '--out', path]);
  const before = imagesOf(cloud);
  const faults = plan.code === 3 ? [] : [`the plan ended with ${plan.code}: ${plan.text.slice(-600)}`];
  faults.push(...(await killOnce({...rehearsal, argv: byPlan}, cloud, kill)));
  await atRest(cloud);
  const wasChanged = imagesOf(cloud) !== before;
  cloud.clearLog();
  const copy = await cloudWith(snapshot(cloud), scenario.cloud);
  const again = await runHere(cloud, byPlan);
  const outcome = again.code === 0 ? 'carried out' : again.text.includes('"code":"CONFLICT"') ? 'refused' : 'failed';
  seen.add(outcome);
  if (outcome === 'failed' || (outcome === 'refused' && !wasChanged))
    faults.push(`the same command again was ${outcome} (${again.code}): ${again.text.slice(-900)}`);
  if (outcome === 'refused') faults.push(...refusalFaults(cloud, again));
  faults.push(...(await goesOn(rehearsal, cloud, outcome === 'refused' ? [argv] : [])));
  const next = `${path}.next`;
  faults.push(
    ...(await goesOn(rehearsal, copy, [
      [...argv, '--dry-run', '--out', next],
      ['manage', '--plan', next],
    ])),
  );
  faults.push(...new Set(laws.broken));
  await Promise.all([cloud.close(), copy.close()]);
  return faults.map((fault) => `${describeKill(rehearsal, kill)}: ${fault}`);
}

/** All images but leases. */
function imagesOf(cloud: FakeCloud): string {
  return JSON.stringify(endState(cloud).filter((image) => (image as ImageView)['imgmgr_state'] !== 'lease'));
}

function refusalFaults(cloud: FakeCloud, {code, text}: Awaited<ReturnType<typeof runHere>>): string[] {
  return [
    ...(code === 1 ? [] : [`the refusal ended with ${code}`]),
    ...(text.includes('make a new plan with dry-run --out') ? [] : ['the refusal does not say what to do']),
    ...(cloud.writes().length === 0 ? [] : [`what was refused wrote ${kindsOfWrites(cloud).join(', ')}`]),
  ];
}

/** After these commands the cloud is as an undisturbed run leaves it. */
async function goesOn(
  rehearsal: Rehearsal,
  cloud: FakeCloud,
  commands: readonly (readonly string[])[],
): Promise<string[]> {
  const faults: string[] = [];
  for (const command of commands) {
    const {code, text} = await runHere(cloud, command);
    if (code !== 0 && code !== 3)
      faults.push(`${command.slice(0, 2).join(' ')} ended with ${code}: ${text.slice(-900)}`);
  }
  await atRest(cloud);
  const end = endState(cloud);
  if (JSON.stringify(end) !== JSON.stringify(rehearsal.end))
    faults.push(`the end is another one: ${JSON.stringify(end)}`);
  return faults;
}
