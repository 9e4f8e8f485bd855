import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {describe, expect, it} from 'vitest';
import {hostRuntime} from '../../../src/compose/runtime.ts';
import {ImgmgrError} from '../../../src/errors.ts';
import {processStat} from '../../../src/host/process.ts';
import {startZombie} from '../host/zombie.ts';

describe('this host', () => {
  it('names this process so that it is found alive', () => {
    const here = hostRuntime();
    const {host} = here;
    expect(host.pid).toBe(process.pid);
    expect(host.startTime).toMatch(/^\d+$/);
    expect(host.bootId).toMatch(/^[0-9a-f-]{36} pid:\[\d+\]$/);
    expect(here.processAlive(host)).toBe(true);
  });

  it('finds a holder of another boot, another start, or none dead', async () => {
    const here = hostRuntime();
    const {host} = here;
    expect(here.processAlive({...host, bootId: 'another'})).toBe(false);
    expect(here.processAlive({...host, startTime: '1'})).toBe(false);
    const child = spawn('sleep', ['60']);
    const pid = child.pid ?? 0;
    const holder = {bootId: host.bootId, pid, startTime: processStat(pid)?.startTime ?? ''};
    expect(here.processAlive(holder)).toBe(true);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(here.processAlive(holder)).toBe(false);
  });

  it('finds a holder dead that has ended and is not yet waited for', async () => {
    const here = hostRuntime();
    const zombie = await startZombie();
    expect(here.processAlive({bootId: here.host.bootId, ...zombie})).toBe(false);
  });

  it('gives a new id each time', () => {
    const here = hostRuntime();
    expect(here.uuid()).toMatch(/^[0-9a-f-]{36}$/);
    expect(here.uuid()).not.toBe(here.uuid());
  });

  it('wakes a sleeper with the reason of the interruption', async () => {
    const controller = new AbortController();
    const asleep = hostRuntime().sleep(60_000, controller.signal);
    controller.abort(new ImgmgrError('INTERRUPTED', 'interrupted by SIGINT'));
    await expect(asleep).rejects.toMatchObject({code: 'INTERRUPTED'});
  });
});
