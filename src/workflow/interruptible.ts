import type {ImageStore} from '../ports/image-store.ts';
import type {TestServerHost} from '../ports/test-server-host.ts';
import {ImgmgrError, asImgmgrError} from '../errors.ts';
import type {CloudPorts} from './types.ts';

/**
 * Ports whose waits end with the signal: what is being read when it comes is let go at once. What is called afterwards goes
 * through, because cleaning up needs it, and so do all writes and what follows a write.
 */
export function interruptible(ports: CloudPorts, signal: AbortSignal): CloudPorts {
  return {
    ...ports,
    store: letGo(ports.store, STORE_READS, signal),
    tests: letGo(ports.tests, TEST_READS, signal),
  };
}

/** What the promise gives, or the signal's reason as soon as it comes; what was let go ends unseen. */
async function orInterrupted<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  if (signal.aborted) return promise;
  let stop = (): void => undefined;
  const interrupted = new Promise<never>((_, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, {once: true});
    stop = () => signal.removeEventListener('abort', onAbort);
  });
  try {
    return await Promise.race([promise, interrupted]);
  } finally {
    stop();
  }
}

const STORE_READS: ReadonlySet<PropertyKey> = new Set<keyof ImageStore>([
  'account',
  'credentialExpiry',
  'listTagged',
  'listNamed',
  'offer',
  'quota',
  'importState',
]);

const TEST_READS: ReadonlySet<PropertyKey> = new Set<keyof TestServerHost>([
  'ability',
  'place',
  'callback',
  'look',
  'console',
  'leftovers',
]);

function letGo<Port extends object>(port: Port, reads: ReadonlySet<PropertyKey>, signal: AbortSignal): Port {
  return new Proxy(port, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      const call = (...given: unknown[]): unknown => Reflect.apply(value, target, given);
      return reads.has(key) ? (...given: unknown[]) => orInterrupted(signal, Promise.resolve(call(...given))) : call;
    },
  });
}

/** The interruption, whatever it made fail; otherwise the error itself. */
export function interruptionOr(signal: AbortSignal, error: unknown): ImgmgrError {
  if (!signal.aborted) return asImgmgrError(error);
  return signal.reason instanceof ImgmgrError ? signal.reason : new ImgmgrError('INTERRUPTED', 'interrupted');
}
