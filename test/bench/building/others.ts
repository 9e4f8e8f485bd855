import {readFileSync} from 'node:fs';

/** What a work gave, and how many cores others kept busy meanwhile: the figures of a busy machine are to be known as such. */
export interface Watched<T> {
  readonly result: T;
  readonly others: number;
}

/** Busy time of the machine (stolen time too) less that of this process and of all that it started and waited for. */
export async function amongOthers<T>(work: () => Promise<T>): Promise<Watched<T>> {
  const [begun, before] = [performance.now(), othersTicks()];
  const result = await work();
  const seconds = (performance.now() - begun) / 1000;
  return {result, others: Math.max(0, (othersTicks() - before) / TICKS_PER_SECOND / seconds)};
}

/** USER_HZ, which Linux shows to programs on every machine that imgmgr builds on. */
const TICKS_PER_SECOND = 100;

/** https://man7.org/linux/man-pages/man5/proc_stat.5.html and proc_pid_stat.5.html */
function othersTicks(): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = numbers(
    /^cpu +(.*)$/m.exec(readFileSync('/proc/stat', 'latin1'))?.[1],
  );
  // From the third field on, behind the name in parentheses; utime, stime, cutime, cstime are the 14th to 17th.
  const own = numbers(/\) \S (.*)$/s.exec(readFileSync('/proc/self/stat', 'latin1'))?.[1]).slice(10, 14);
  return user + nice + system + irq + softirq + steal - own.reduce((sum, ticks) => sum + ticks, 0);
}

function numbers(text = ''): number[] {
  return text.trim().split(/\s+/).map(Number);
}
