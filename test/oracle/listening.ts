import {execa} from 'execa';

const IMGMGR = new URL('../../dist/bin/imgmgr.js', import.meta.url).pathname;

/** An import that waits for an upload; what it printed for the sender, as soon as it has. */
export async function listening(env: Readonly<Record<string, string>>, ...flags: readonly string[]) {
  const fixed = ['import', '--listen', '127.0.0.1:0', '--disk-format', 'qcow2', '--no-verify', '--json'];
  const running = execa(IMGMGR, [...fixed, ...flags], {env, reject: false});
  const command = await new Promise<string>((resolve, reject) => {
    let text = '';
    running.stderr.on('data', (piece: Buffer) => {
      text += String(piece);
      const line = /^curl .*$/m.exec(text)?.[0];
      if (line !== undefined && text.includes(`${line}\n`)) resolve(line);
    });
    void running.then(({stderr}) => reject(new Error(`it ended: ${stderr}`)));
  });
  return {running, command};
}

/** Runs the printed text in a shell in this folder, as its reader would; what curl said, then the HTTP status. */
export async function send(command: string, folder: string, input?: string): Promise<string> {
  const {stdout} = await execa('sh', ['-c', `${command} -sS -w '%{http_code}'`], {
    cwd: folder,
    reject: false,
    ...(input !== undefined && {input}),
  });
  return stdout;
}
