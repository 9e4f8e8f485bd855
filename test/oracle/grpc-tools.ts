import {access, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {execa} from 'execa';

const ROOT = new URL('../..', import.meta.url).pathname;
const VENV = join(ROOT, '.cache/grpcio');

/** grpcurl from the Go module proxy, made once. */
export const GRPCURL = join(ROOT, '.cache/grpcurl/grpcurl');

/** Python with grpcio-tools from PyPI, in an environment of its own that is made once. */
export const PYTHON = join(VENV, 'bin/python');

export async function installGrpcurl(): Promise<void> {
  if (await there(GRPCURL)) return;
  const env = {GOBIN: join(ROOT, '.cache/grpcurl'), GOFLAGS: '-trimpath'};
  await execa(join(ROOT, 'scripts/go'), ['install', 'github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.3'], {env});
}

export async function installPython(): Promise<void> {
  const made = join(VENV, '.made');
  if (await there(made)) return;
  await execa('/usr/bin/python3', ['-m', 'venv', VENV]);
  const packages = ['grpcio==1.85.3', 'grpcio-tools==1.85.1', 'grpcio-status==1.85.3'];
  await execa(PYTHON, ['-m', 'pip', 'install', '--quiet', ...packages]);
  await writeFile(made, '');
}

async function there(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
