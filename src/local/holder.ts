import {readFileSync, readlinkSync} from 'node:fs';

/**
 * Names this process in a form that fits a file name, `pid.startTime.bootId.pidNamespace`, so that another process can tell
 * whether it still lives. A name begins with it and goes on with a dot.
 */
export function ownHolder(): string {
  return [process.pid, statOf(process.pid)?.startTime ?? '0', bootId(), pidNamespace()].join('.');
}

/** How long a holder whose process we cannot see is believed without a sign of life. */
export const FOREIGN_MS = 30_000;

/**
 * True when the process that a file name begins with is gone. In another process namespace, and on another host or before this one was
 * started again, only the time since the last sign of life (`touchedMs`, milliseconds since the epoch; `nowMs` by the same clock) can
 * tell. A name that no holder made is not ours to judge: false.
 */
export function isHolderGone(name: string, touchedMs: number, nowMs = Date.now()): boolean {
  const [pid, startTime, boot, namespace] = name.split('.');
  if (pid === undefined || startTime === undefined || boot === undefined || namespace === undefined) return false;
  if (isUnseen(name)) return nowMs - touchedMs > FOREIGN_MS;
  const stat = statOf(Number(pid));
  return stat === undefined || stat.startTime !== startTime || stat.dead;
}

/** True where the process of that holder would not be seen from here even if it lives. */
export function isUnseen(name: string): boolean {
  const [, , boot, namespace] = name.split('.');
  return boot !== bootId() || namespace !== pidNamespace();
}

/**
 * A process as /proc shows it; undefined when it is gone. State is field 3, starttime (clock ticks since boot) field 22:
 * https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
 */
export function statOf(pid: number): {readonly startTime: string; readonly dead: boolean} | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The command in parentheses may hold blanks and parentheses of its own.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return {startTime: fields[19] ?? '0', dead: fields[0] === 'Z' || fields[0] === 'X'};
  } catch {
    return undefined;
  }
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
}

function pidNamespace(): string {
  return readlinkSync('/proc/self/ns/pid').replace(/\D/g, '');
}
