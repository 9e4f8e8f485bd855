import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync} from 'node:fs';
import {rm} from 'node:fs/promises';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';
import {inWorkFolder} from '../../../src/build/in-work-folder.ts';
import {clearBuild} from '../../../src/build/sweep.ts';
import type {Exec} from '../../../src/exec.ts';
import {createExec} from '../../../src/exec.ts';
import type {BuildEvent, BuildPlan} from './build-program.ts';
import {leftovers} from './host.ts';
import {BUILD_PROGRAM} from './programs.ts';

/** A build in a process of its own. */
export interface Build {
  readonly kill: (signal: NodeJS.Signals) => void;
  /** What it has told until now. */
  readonly events: readonly BuildEvent[];
  /** All that it told, once it is gone. */
  readonly ended: Promise<readonly BuildEvent[]>;
}

/** Where builds of one test take place, apart from those of others. */
export class Place {
  readonly base = mkdtempSync('/var/tmp/imgmgr-test-build-');
  readonly exec: Exec = createExec(process.env);
  readonly #marker = join(this.base, 'marker');
  readonly #dev = join(this.base, 'dev');

  constructor() {
    mkdirSync(this.#dev);
    writeFileSync(join(this.#dev, 'precious'), 'of the host');
  }

  build(
    environment: Readonly<Record<string, string>>,
    limits: {timeoutSeconds?: number; graceMs?: number} = {},
  ): Build {
    const plan: BuildPlan = {
      base: this.base,
      tool: FAKE,
      environment: {DIB_FAKE_MARKER: this.#marker, DIB_FAKE_DEV: this.#dev, ...environment},
      timeoutSeconds: limits.timeoutSeconds ?? 600,
      graceMs: limits.graceMs ?? 1000,
    };
    const child = spawn(process.execPath, [BUILD_PROGRAM, JSON.stringify(plan)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const events: BuildEvent[] = [];
    let rest = '';
    child.stdout.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) events.push(JSON.parse(line) as BuildEvent);
    });
    const ended = once(child, 'close').then(() => events);
    return {kill: (signal) => void child.kill(signal), events, ended};
  }

  /** Waits until a build has come to where it was told to stop; gives the number of diskimage-builder's process. */
  async stopped(build: Build): Promise<number> {
    const state = {isOver: false};
    void build.ended.then(() => (state.isOver = true));
    while (!existsSync(this.#marker)) {
      if (state.isOver) throw new Error(`it ended before: ${JSON.stringify(build.events)}`);
      await sleep(10);
    }
    return Number(readFileSync(this.#marker, 'utf8'));
  }

  /** What the next run does before it builds. */
  async nextRun(): Promise<void> {
    const left: string[] = [];
    await inWorkFolder(
      {
        exec: this.exec,
        root: join(this.base, 'root'),
        left: (each) => left.push(...each.map(({reason}) => reason)),
        lock: {
          folder: join(this.base, 'state'),
          definition: 'next',
          limitMs: 0,
          signal: new AbortController().signal,
        },
      },
      () => Promise.resolve(),
    );
    if (left.length > 0) throw new Error(left.join('; '));
  }

  leftovers(): readonly string[] {
    return leftovers(this.base);
  }

  /** What was bound into the tree of a build still has its content. */
  isHostWhole(): boolean {
    return readFileSync(join(this.#dev, 'precious'), 'utf8') === 'of the host';
  }

  async close(): Promise<void> {
    const reason = await clearBuild(this.exec, this.base);
    if (reason !== undefined) throw new Error(reason);
    await rm(this.base, {recursive: true, force: true});
  }
}

const FAKE = fileURLToPath(new URL('../../fakes/disk-image-create/disk-image-create', import.meta.url));
