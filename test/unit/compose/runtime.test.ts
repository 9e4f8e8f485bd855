import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {describe, expect, it, onTestFinished} from 'vitest';
import {hostRuntime} from '../../../src/compose/runtime.ts';
import {ImgmgrError} from '../../../src/errors.ts';
import {processStat} from '../../../src/host/process.ts';
import {startZombie} from '../host/zombie.ts';

function runtimeOf(run: string): ReturnType<typeof hostRuntime> {
  const runtime = hostRuntime(run);
  onTestFinished(() => runtime.end());
  return runtime;
}

describe('this host', () => {
  it('names this process so that a run of it is found alive', () => {
    const here = runtimeOf('own');
    const {host} = here;
    expect(host.pid).toBe(process.pid);
    expect(host.startTime).toMatch(/^\d+$/);
    expect(host.bootId).toMatch(/^[0-9a-f-]{36} pid:\[\d+\]$/);
    expect(here.runAlive({...host, run: 'own'})).toBe(true);
  });

  it('finds a holder of another boot, another start (its number was taken by another process), or none dead', async () => {
    const here = runtimeOf('own');
    const own = {...here.host, run: 'own'};
    expect(here.runAlive({...own, bootId: 'another'})).toBe(false);
    expect(here.runAlive({...own, startTime: '1'})).toBe(false);
    const child = spawn('sleep', ['60']);
    const pid = child.pid ?? 0;
    const holder = {...own, run: 'of the child', pid, startTime: processStat(pid)?.startTime ?? ''};
    expect(here.runAlive(holder)).toBe(true);
    expect(here.runAlive({...holder, startTime: own.startTime})).toBe(false);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(here.runAlive(holder)).toBe(false);
  });

  it('finds a holder dead that has ended and that its parent does not wait for', async () => {
    const here = runtimeOf('own');
    const zombie = await startZombie();
    expect(here.runAlive({run: 'ended', bootId: here.host.bootId, ...zombie})).toBe(false);
  });

  it('finds a run of this process dead when it is over, also while others go on', () => {
    const [over, goesOn] = ['over', 'goes on'];
    const [first, second] = [runtimeOf(over), runtimeOf(goesOn)];
    for (const here of [first, second]) expect(here.runAlive({...here.host, run: over})).toBe(true);
    first.end();
    for (const here of [first, second]) {
      expect(here.runAlive({...here.host, run: over})).toBe(false);
      expect(here.runAlive({...here.host, run: goesOn})).toBe(true);
      expect(here.runAlive({...here.host, run: 'of a process that had this number and start'})).toBe(false);
    }
  });

  it('gives a new id each time', () => {
    const here = runtimeOf('own');
    expect(here.uuid()).toMatch(/^[0-9a-f-]{36}$/);
    expect(here.uuid()).not.toBe(here.uuid());
  });

  it('wakes a sleeper with the reason of the interruption', async () => {
    const controller = new AbortController();
    const asleep = runtimeOf('own').sleep(60_000, controller.signal);
    controller.abort(new ImgmgrError('INTERRUPTED', 'interrupted by SIGINT'));
    await expect(asleep).rejects.toMatchObject({code: 'INTERRUPTED'});
  });
});
