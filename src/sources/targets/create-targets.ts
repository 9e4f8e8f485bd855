import {isOciUrl} from '../../core/oci-reference.ts';
import type {Http} from '../../http.ts';
import type {ImageTargets} from '../../ports/image-target.ts';
import type {Logins} from '../kinds/oci/login.ts';
import {openFile} from './file.ts';
import {openOci} from './oci/oci.ts';

/** What targets are written with. */
export interface TargetOptions {
  /** Closed with the targets. */
  readonly http: Http;
  readonly logins: Logins;
  /** Longest silence of a registry; default 60 s. */
  readonly silenceMs?: number;
  /** Before a repetition, doubled each time; default 500 ms. */
  readonly delayMs?: number;
}

/** The places outside of a cloud that images are written to: files, and container registries. */
export function createTargets({http, logins, silenceMs = 60_000, delayMs = 500}: TargetOptions): ImageTargets {
  const web = {http, allowPrivate: false, silenceMs};
  return {
    open: async ({address, ...request}) =>
      isOciUrl(address)
        ? openOci({address, ...request}, {web, logins, patience: {attempts: 3, delayMs}})
        : openFile(address, request),
    close: () => {
      http.close();
      return Promise.resolve();
    },
  };
}
