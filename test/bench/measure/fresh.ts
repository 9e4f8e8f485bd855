import {run} from '../child.ts';
import {isWrite} from '../counting-proxy.ts';
import {writeDefinitions} from '../definitions.ts';
import {serveImages} from '../image-server.ts';
import {atMost} from '../report.ts';
import type {Figure} from '../report.ts';
import {inTurn} from '../samples.ts';
import type {Bench} from './bench.ts';
import {floor, imgmgr, peer} from './bench.ts';

const IMAGES = 6;
const BYTES = 21e6;
const MAX_CALLS_PER_IMAGE = 10;

/** Six fresh images by web-download, their sha512 demanded; then the run that finds them all in place. */
export async function measureFresh(bench: Bench): Promise<Figure[]> {
  const {place} = bench;
  const server = await serveImages(IMAGES, BYTES);
  try {
    const listed = server.images.map(({url, sha512}, index) => ({
      name: `imgmgr-bench ${index + 1}`,
      url,
      checksum: `sha512:${sha512}`,
    }));
    const folder = await writeDefinitions(`${place.folder}/fresh`, listed);
    const ours = (cloud: string) => imgmgr(bench, 'manage', '--cloud', cloud, '--images', folder, '--no-verify');
    const theirs = (cloud: string) => peer(bench, '--cloud', cloud, '--images', `${folder}/`);
    const byHand = floor(bench, 'fresh', ...listed.flatMap(({name, url}) => [name, url]));

    bench.say(`${IMAGES} fresh images of ${BYTES / 1e6} MB, counting calls`);
    await place.empty();
    const peerCalls = await counted(bench, () => run(theirs('counted')));
    const peerNoop = await counted(bench, () => run(theirs('counted')));
    await place.empty();
    const calls = await counted(bench, () => run(ours('counted')));
    const noop = await counted(bench, () => run(ours('counted')));

    bench.say('the run that finds them all in place');
    const again = await inTurn(5 * bench.rounds, {
      ours: async () => (await run(ours('bench'))).ms,
      floor: async () => (await run(floor(bench, 'list'))).ms,
    });

    const fresh = async (command: Parameters<typeof run>[0]): Promise<number> => {
      await place.empty();
      return (await run(command)).ms;
    };
    bench.say('fresh images, timed');
    const timed = await inTurn(3 * bench.rounds, {
      ours: () => fresh(ours('bench')),
      floor: () => fresh(byHand),
    });
    const peerTimed = await inTurn(1, {
      peer: () => fresh(theirs('bench')),
      'peer again': async () => (await run(theirs('bench'))).ms,
    });
    await place.empty();

    const perImage = calls.glance.length / IMAGES;
    const peerMs = peerTimed.peer.median;
    const noopCalls = noop.glance.length + noop.keystone.length;
    return [
      {
        name: `${IMAGES} fresh images, wall`,
        unit: 'ms',
        ours: timed.ours.median,
        other: {what: 'floor', value: timed.floor.median},
        target: atMost(timed.ours.median, 1.5 * timed.floor.median, '1.5 × floor'),
        samples: {ours: timed.ours.all, floor: timed.floor.all},
      },
      {
        name: `${IMAGES} fresh images, wall`,
        unit: 'ms',
        ours: timed.ours.median,
        other: {what: 'peer', value: peerMs},
      },
      {
        name: `${IMAGES} fresh images, Glance calls per image`,
        unit: 'calls',
        ours: perImage,
        other: {what: 'peer', value: peerCalls.glance.length / IMAGES},
        target: atMost(perImage, MAX_CALLS_PER_IMAGE, 'limit'),
      },
      {
        name: `no-op over ${IMAGES} definitions, wall`,
        unit: 'ms',
        ours: again.ours.median,
        other: {what: 'floor', value: again.floor.median},
        target: atMost(again.ours.median, 1.15 * again.floor.median + 150, '1.15 × floor + 150'),
        samples: {ours: again.ours.all, floor: again.floor.all},
      },
      {
        name: `no-op over ${IMAGES} definitions, wall`,
        unit: 'ms',
        ours: again.ours.median,
        other: {what: 'peer', value: peerTimed['peer again'].median},
      },
      {
        name: `no-op over ${IMAGES} definitions, calls with the login`,
        unit: 'calls',
        ours: noopCalls,
        other: {what: 'peer', value: peerNoop.glance.length + peerNoop.keystone.length},
        target: atMost(noopCalls, 4, 'limit'),
      },
      {
        name: `no-op over ${IMAGES} definitions, writes`,
        unit: 'writes',
        ours: noop.glance.filter(isWrite).length,
        other: {what: 'peer', value: peerNoop.glance.filter(isWrite).length},
        target: atMost(noop.glance.filter(isWrite).length, 0, 'none'),
      },
    ];
  } finally {
    server.close();
  }
}

async function counted(
  {place}: Bench,
  work: () => Promise<unknown>,
): Promise<{readonly glance: string[]; readonly keystone: string[]}> {
  place.glanceCalls.take();
  place.keystoneCalls.take();
  await work();
  return {glance: place.glanceCalls.take(), keystone: place.keystoneCalls.take()};
}
