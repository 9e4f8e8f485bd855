import type {Definition} from './definition/definition.ts';
import {fnv1a} from './fnv1a.ts';
import {ImgmgrError} from '../errors.ts';

/** One of several runs that share the work: `index` counts from 1. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/** A shard as the command line names it; `auto`: the environment says which one it is. */
export type ShardChoice = Shard | {readonly index: 'auto'; readonly count: number};

/** More runs than there can be definitions to share are a mistake. */
const MOST = 1000;

/** Reads `K/N` (K from 1) or `auto/N`; undefined for anything else, also for `5/4`. */
export function parseShard(text: string): ShardChoice | undefined {
  const [, index = '', number = ''] = /^(auto|\d{1,4})\/(\d{1,4})$/.exec(text) ?? [];
  const count = Number(number);
  if (count < 1 || count > MOST) return undefined;
  if (index === 'auto') return {index, count};
  return Number(index) >= 1 && Number(index) <= count ? {index: Number(index), count} : undefined;
}

/** The shard of this run; `jobIndex`: `JOB_COMPLETION_INDEX`, which Kubernetes counts from 0. USAGE where `auto` cannot be found out. */
export function resolveShard(choice: ShardChoice, jobIndex: string | undefined): Shard {
  const {index, count} = choice;
  if (index !== 'auto') return {index, count};
  if (jobIndex !== undefined && /^\d{1,4}$/.test(jobIndex) && Number(jobIndex) < count)
    return {index: Number(jobIndex) + 1, count};
  const is = jobIndex === undefined ? 'is not set' : `is ${JSON.stringify(jobIndex)}`;
  throw new ImgmgrError('USAGE', `--shard auto/${count} needs JOB_COMPLETION_INDEX from 0 to ${count - 1}, it ${is}`, {
    hint: 'run it as a Job with completionMode: Indexed, or name the shard: --shard 1/4',
  });
}

/**
 * Is the definition the shard's on this cloud? Every definition is of exactly one shard of a cloud, whichever other definitions there are.
 * One that is built is of the same shard on all clouds, so that one host builds it for all of them; without a cloud, so is any other.
 */
export function isOfShard(
  {name, build}: Pick<Definition, 'name' | 'build'>,
  {index, count}: Shard,
  cloud?: string,
): boolean {
  const key = build || cloud === undefined ? [name] : [name, cloud];
  return Number(BigInt(`0x${fnv1a(JSON.stringify(key))}`) % BigInt(count)) === index - 1;
}

/** What is no definition's (leftovers of dead runs, warnings about images without a definition) belongs to the first shard. */
export function isFirstShard(shard: Shard | undefined): boolean {
  return shard === undefined || shard.index === 1;
}
