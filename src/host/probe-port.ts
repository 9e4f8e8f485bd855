import {connect} from 'node:net';

const LIMIT_MS = 2_000;

/** Does anything accept connections there? Silence for two seconds is a no. */
export function probePort(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({host: address, port, timeout: LIMIT_MS});
    const answer = (yes: boolean): void => {
      socket.destroy();
      resolve(yes);
    };
    socket.once('connect', () => answer(true));
    socket.once('timeout', () => answer(false));
    socket.once('error', () => answer(false));
  });
}
