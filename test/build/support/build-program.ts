import {copyFileSync} from 'node:fs';
import {join} from 'node:path';
import {inWorkFolder} from '../../../src/build/in-work-folder.ts';
import {runDib} from '../../../src/build/run-dib.ts';
import {needsStandIns, writeStandIns} from '../../../src/build/stand-ins.ts';
import {findDib} from '../../../src/build/tool.ts';
import {asImgmgrError} from '../../../src/errors.ts';
import {createExec} from '../../../src/exec.ts';
import {createConverter} from '../../../src/sources/create-converter.ts';

/** What {@link BuildPlan} tells about itself, a line of JSON each. */
export type BuildEvent =
  | {readonly kind: 'waiting'}
  | {readonly kind: 'built'; readonly formats: readonly string[]}
  | {readonly kind: 'failed'; readonly code: string; readonly message: string; readonly hint: string}
  | {readonly kind: 'left'; readonly reason: string};

export interface BuildPlan {
  /** Holds `root`, `state`, `log` and `image.qcow2`. */
  readonly base: string;
  /** The fake of diskimage-builder. */
  readonly tool: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutSeconds: number;
  readonly graceMs: number;
}

/** Builds with the fake as imgmgr does, in a process that can be killed. */
async function main(plan: BuildPlan): Promise<void> {
  const {base, environment, timeoutSeconds, graceMs} = plan;
  const stop = new AbortController();
  process.once('SIGTERM', () => stop.abort());
  const exec = createExec(process.env);
  const tool = await findDib({exec, env: {IMGMGR_DIB: plan.tool}});
  const place = {
    exec,
    root: join(base, 'root'),
    left: (left: readonly {readonly reason: string}[]) => left.forEach(({reason}) => report({kind: 'left', reason})),
    lock: {
      folder: join(base, 'state'),
      definition: 'fake',
      limitMs: 60_000,
      pollMs: 20,
      signal: stop.signal,
      waiting: () => report({kind: 'waiting'}),
    },
  };
  try {
    const outputs = await inWorkFolder(place, async (folder) => {
      if (await needsStandIns(exec)) await writeStandIns(folder.bin);
      const result = await runDib({
        ...{exec, tool, folder, graceMs, signal: stop.signal},
        images: createConverter({exec, root: join(base, 'root')}),
        spec: {
          ...{elements: ['debian-minimal', 'vm'], environment, packages: [], formats: ['qcow2', 'raw'], compress: true},
          timeoutSeconds,
        },
        machine: 'x86_64',
        elementsPaths: [],
        imageCache: join(base, 'cache'),
        hostEnv: process.env,
        extraEnv: {},
        logPath: join(base, 'log'),
        progress: () => undefined,
      });
      copyFileSync(join(folder.out, 'image.qcow2'), join(base, 'image.qcow2'));
      return result.outputs;
    });
    report({kind: 'built', formats: outputs.map(({format}) => format)});
  } catch (error) {
    const {code, message, hint} = asImgmgrError(error);
    report({kind: 'failed', code, message, hint: hint ?? ''});
  }
}

function report(event: BuildEvent): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

await main(JSON.parse(process.argv[2] ?? '') as BuildPlan);
