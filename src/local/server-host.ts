import type {ServerHost} from '../ports/server-host.ts';

/** The local cloud keeps no servers, so no image of it is ever in use. */
export const noServers: ServerHost = {
  imageUse: () => Promise.resolve({kind: 'no-service'}),
};
