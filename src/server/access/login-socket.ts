import {closeSync, openSync} from 'node:fs';
import {chmod, rm} from 'node:fs/promises';
import {connect, createServer} from 'node:net';
import {join} from 'node:path';
import {ImgmgrError} from '../../errors.ts';
import {codeOf} from '../../host/fs-error.ts';

/** The socket that gives one-time URLs, in the folder of the server. */
const SOCKET = 'login.sock';
const LONGEST_ANSWER = 4096;
const WAIT_MS = 5000;

/** Gives a new one-time URL to whoever of this user asks on the socket; the answer ends that. */
export async function openLoginSocket(folder: string, newUrl: () => string): Promise<() => Promise<void>> {
  const path = join(folder, SOCKET);
  // Only one server has this folder: what is there was left by one that was killed.
  await rm(path, {force: true});
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.setTimeout(WAIT_MS, () => socket.destroy());
    socket.end(`${newUrl()}\n`);
  });
  server.maxConnections = 16;
  await within(folder, async (short) => {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(short, resolve);
    });
  });
  await chmod(path, 0o600);
  return async () => {
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
    await rm(path, {force: true});
  };
}

/** Asks the server of this folder of state for a one-time URL. UNAVAILABLE where none runs. */
export async function askForLogin(folder: string): Promise<string> {
  try {
    return await within(folder, async (short) => readLine(short));
  } catch (cause) {
    const none = ['ENOENT', 'ENOTDIR', 'ECONNREFUSED'].includes(codeOf(cause));
    const message = none ? `no server runs with the state in ${folder}` : `the server in ${folder} does not answer`;
    throw new ImgmgrError('UNAVAILABLE', message, {
      cause,
      hint: 'start it with imgmgr serve, and ask as the user that it runs as, with the same XDG_STATE_HOME',
    });
  }
}

async function readLine(path: string): Promise<string> {
  const socket = connect(path);
  socket.setTimeout(WAIT_MS, () => socket.destroy(new Error('it does not answer')));
  let text = '';
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    text += chunk.toString('utf8');
    if (text.length > LONGEST_ANSWER) throw new Error('it answers something else');
  }
  return text.trim();
}

/** The path of a socket may have 107 bytes, however deep its folder lies: it is reached through the open folder. https://man7.org/linux/man-pages/man7/unix.7.html */
async function within<T>(folder: string, work: (path: string) => Promise<T>): Promise<T> {
  const opened = openSync(folder, 'r');
  try {
    return await work(`/proc/self/fd/${opened}/${SOCKET}`);
  } finally {
    closeSync(opened);
  }
}
