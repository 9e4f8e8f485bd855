import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {readFile, readlink} from 'node:fs/promises';
import {describe, expect, it, onTestFinished} from 'vitest';
import type {ProcessId, ProcessIdentity} from '../../../src/host/process.ts';
import {
  holderName,
  isProcessGone,
  isRunning,
  ownProcess,
  parseHolderName,
  processStat,
  processState,
  processUsers,
  runningProcesses,
  sendSignal,
  SILENCE_MS,
} from '../../../src/host/process.ts';
import {useFolder} from '../build/folder.ts';
import {startZombie} from './zombie.ts';

const folder = useFolder();

function startChild(): ProcessId {
  const child = spawn('sleep', ['60']);
  onTestFinished(() => void child.kill('SIGKILL'));
  const pid = child.pid ?? 0;
  return {pid, startTime: processStat(pid)?.startTime ?? ''};
}

async function endedChild(): Promise<ProcessId> {
  const child = spawn('sleep', ['60']);
  const pid = child.pid ?? 0;
  const ended = {pid, startTime: processStat(pid)?.startTime ?? ''};
  child.kill('SIGKILL');
  await once(child, 'exit');
  return ended;
}

function isGone(identity: Partial<ProcessIdentity>, ageMs = 0): Promise<boolean> {
  const touchedMs = Date.now() - ageMs;
  return isProcessGone({...ownProcess(), ...identity}, {touchedMs, folder: folder.path()});
}

describe('a process', () => {
  it('is named by number, start, boot and namespace', async () => {
    const {pid, startTime, hostBootId, pidNamespace} = ownProcess();
    expect(pid).toBe(process.pid);
    expect((await readFile('/proc/self/stat', 'utf8')).split(' ')).toContain(startTime);
    expect((await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()).toBe(hostBootId);
    expect(await readlink('/proc/self/ns/pid')).toBe(`pid:[${pidNamespace}]`);
  });

  it('stands in file names as earlier versions wrote them, each name another', () => {
    const {pid, startTime, hostBootId, pidNamespace} = ownProcess();
    expect(holderName()).toMatch(
      new RegExp(`^${pid}\\.${startTime}\\.${hostBootId}\\.${pidNamespace}\\.[0-9a-f-]{36}$`),
    );
    expect(holderName()).not.toBe(holderName());
    expect(parseHolderName(holderName())).toEqual(ownProcess());
    expect(parseHolderName(`${pid}.${startTime}.${hostBootId}.${pidNamespace}`)).toEqual(ownProcess());
  });

  it('is in no name of another form', () => {
    expect(parseHolderName('lost+found')).toBeUndefined();
    expect(parseHolderName('1.2.3')).toBeUndefined();
  });

  it('runs until it has ended, whatever number and silence say', async () => {
    const child = startChild();
    expect(isRunning(child)).toBe(true);
    expect(isRunning({...child, startTime: '1'})).toBe(false);
    expect(isRunning(await endedChild())).toBe(false);
    expect(await isGone(child, 10 * SILENCE_MS)).toBe(false);
    expect(await isGone(await endedChild())).toBe(true);
  });

  it('that has ended and is not yet waited for is gone', async () => {
    const zombie = await startZombie();
    expect(processStat(zombie.pid)?.dead).toBe(true);
    expect(isRunning(zombie)).toBe(false);
    expect(processState({...ownProcess(), ...zombie})).toBe('gone');
    expect(await isGone(zombie)).toBe(true);
    expect(runningProcesses().has(zombie.pid)).toBe(false);
    expect(sendSignal(zombie, 'SIGKILL')).toBe('gone');
  });

  it('whose number a later process has is gone', async () => {
    expect(processState({...ownProcess(), startTime: '1'})).toBe('gone');
    expect(await isGone({startTime: '1'})).toBe(true);
  });

  it.each([
    ['S7: of another boot, which may be another host,', {hostBootId: 'another'}],
    ['of another container', {pidNamespace: '1'}],
  ])('%s lives until it has been silent for a minute', async (_, other) => {
    expect(SILENCE_MS).toBe(60_000);
    expect(processState({...ownProcess(), ...other})).toBe('unseen');
    expect(await isGone(other, SILENCE_MS - 5000)).toBe(false);
    expect(await isGone(other, SILENCE_MS + 1000)).toBe(true);
  });

  it('gets a signal only while it is that very process', async () => {
    const child = startChild();
    expect(sendSignal({...child, startTime: '1'}, 'SIGKILL')).toBe('gone');
    expect(isRunning(child)).toBe(true);
    expect(sendSignal(child, 'SIGKILL')).toBe('sent');
    while (isRunning(child)) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(sendSignal(child, 'SIGKILL')).toBe('gone');
  });

  it('has the users that called it and whose rights it has', async () => {
    const own = process.getuid?.();
    expect(processUsers(process.pid)).toEqual({real: own, effective: process.geteuid?.()});
    expect(processUsers((await endedChild()).pid)).toBeUndefined();
  });
});
