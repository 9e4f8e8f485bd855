import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {describe, expect, it} from 'vitest';
import {PHASES} from '../../src/build/phases.ts';
import {hindrance} from './support/host.ts';
import {Place} from './support/place.ts';

/** Runs the test in a place that is cleared afterwards, also when it fails. */
async function inPlace(test: (place: Place) => Promise<void>): Promise<void> {
  const place = new Place();
  try {
    await test(place);
    expect(place.isHostWhole()).toBe(true);
  } finally {
    await place.close();
  }
}

describe.skipIf(hindrance() !== undefined)('of a build', {concurrent: true}, () => {
  it('that succeeds nothing is left but what it was to make', async () => {
    await inPlace(async (place) => {
      const events = await place.build({}).ended;
      expect(events).toEqual([{kind: 'built', formats: ['qcow2', 'raw']}]);
      expect(place.leftovers()).toEqual([]);
      expect(existsSync(join(place.base, 'image.qcow2'))).toBe(true);
    });
  });

  it.each(PHASES)('whose imgmgr was killed in %s nothing is left after the next run', async (phase) => {
    await inPlace(async (place) => {
      const build = place.build({DIB_FAKE_STOP_AT: phase});
      await place.stopped(build);
      build.kill('SIGKILL');
      expect(await build.ended).toEqual([]);
      expect(place.leftovers()).not.toEqual([]);
      await place.nextRun();
      expect(place.leftovers()).toEqual([]);
    });
  });

  it.each(PHASES)('whose diskimage-builder was killed in %s nothing is left, without a next run', async (phase) => {
    await inPlace(async (place) => {
      const build = place.build({DIB_FAKE_STOP_AT: phase});
      process.kill(await place.stopped(build), 'SIGKILL');
      expect(await build.ended).toMatchObject([
        {kind: 'failed', code: 'BUILD_FAILED', message: `diskimage-builder failed in phase ${phase} (exit code 137)`},
      ]);
      expect(place.leftovers()).toEqual([]);
    });
  });

  it.each(['root.d', 'install.d', 'block-device', 'finalise.d'])('that fails in %s nothing is left', async (phase) => {
    await inPlace(async (place) => {
      const said = 'cp: error writing: No space left on device';
      const events = await place.build({DIB_FAKE_FAIL: phase, DIB_FAKE_SAYS: said, DIB_FAKE_EXIT: '3'}).ended;
      expect(events).toMatchObject([
        {
          code: 'BUILD_FAILED',
          message: `diskimage-builder failed in phase ${phase} (exit code 3)`,
          hint: expect.stringMatching(/^no space was left/) as unknown,
        },
      ]);
      expect(place.leftovers()).toEqual([]);
    });
  });

  it.each([
    ['install.d', '0'],
    ['finalise.d', '0'],
    ['finalise.d', '1'],
  ])('that hangs in %s (deaf to SIGTERM: %s) nothing is left after its deadline', async (phase, deaf) => {
    await inPlace(async (place) => {
      const environment = {DIB_FAKE_HANG: phase, DIB_FAKE_IGNORE_TERM: deaf};
      // A slow machine may not come that far before the deadline; nothing may be left then either.
      let hung = false;
      for (let timeoutSeconds = 4; !hung && timeoutSeconds <= 128; timeoutSeconds *= 2) {
        const [end] = await place.build(environment, {timeoutSeconds, graceMs: 200}).ended;
        expect(end).toMatchObject({kind: 'failed', code: 'TIMEOUT'});
        expect(place.leftovers()).toEqual([]);
        hung = end?.kind === 'failed' && end.message.includes(phase);
      }
      expect(hung).toBe(true);
    });
  });

  it.each(['extra-data.d', 'block-device'])('that is interrupted in %s nothing is left', async (phase) => {
    await inPlace(async (place) => {
      const build = place.build({DIB_FAKE_HANG: phase});
      await place.stopped(build);
      build.kill('SIGTERM');
      expect(await build.ended).toMatchObject([{code: 'INTERRUPTED'}]);
      expect(place.leftovers()).toEqual([]);
    });
  });

  it('that makes half of its files nothing is left, and it has failed', async () => {
    await inPlace(async (place) => {
      expect(await place.build({DIB_FAKE_HALF_OUTPUT: 'missing'}).ended).toMatchObject([
        {code: 'BUILD_FAILED', message: 'diskimage-builder made no qcow2 file'},
      ]);
      expect(await place.build({DIB_FAKE_HALF_OUTPUT: 'truncated'}).ended).toMatchObject([{code: 'BUILD_FAILED'}]);
      expect(place.leftovers()).toEqual([]);
    });
  });

  it('that goes on while another begins nothing is touched: the second waits, then builds', async () => {
    await inPlace(async (place) => {
      const first = place.build({DIB_FAKE_HANG: 'block-device'});
      await place.stopped(first);
      const before = place.leftovers();
      const second = place.build({});
      while (second.events.length < 3) await sleep(10);
      expect(second.events.every(({kind}) => kind === 'waiting')).toBe(true);
      const after = place.leftovers();
      const things = (lines: readonly string[]): readonly string[] => lines.filter((line) => !/^process /.test(line));
      expect(things(after)).toEqual(things(before));
      // What it stopped with may have begun after the first look.
      expect(after).toEqual(expect.arrayContaining([...before]));
      first.kill('SIGTERM');
      expect(await first.ended).toMatchObject([{code: 'INTERRUPTED'}]);
      expect((await second.ended).at(-1)).toMatchObject({kind: 'built'});
      expect(place.leftovers()).toEqual([]);
    });
  });

  it('that was killed while another waited the other removes what is left, then builds', async () => {
    await inPlace(async (place) => {
      const first = place.build({DIB_FAKE_STOP_AT: 'block-device'});
      await place.stopped(first);
      const second = place.build({});
      while (second.events.length < 1) await sleep(10);
      first.kill('SIGKILL');
      expect((await second.ended).at(-1)).toMatchObject({kind: 'built'});
      expect(place.leftovers()).toEqual([]);
    });
  });
});
