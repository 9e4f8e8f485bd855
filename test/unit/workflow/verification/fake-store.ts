import type {ImageStore} from '../../../../src/ports/image-store.ts';

/** A store that only knows who it belongs to, and writes down whom it lends images; anything else is a bug of the caller. */
export function fakeStore(projectId = 'ours'): {readonly store: ImageStore; readonly calls: string[]} {
  const calls: string[] = [];
  const known: Partial<ImageStore> = {
    cloud: 'c',
    account: () => Promise.resolve({projectId, projectName: projectId, userName: 'u', roles: []}),
    now: () => new Date('2026-01-01T00:00:00Z'),
    share: (id, project) => note(`share ${id} ${project}`),
    accept: (id) => note(`accept ${id}`),
    unshare: (id, project) => note(`unshare ${id} ${project}`),
  };
  const note = (call: string): Promise<void> => {
    calls.push(call);
    return Promise.resolve();
  };
  const store = new Proxy(known, {
    get(target, name) {
      if (!(name in target)) throw new Error(`nobody expected a call of ${String(name)}`);
      return Reflect.get(target, name) as unknown;
    },
  });
  return {store: store as ImageStore, calls};
}
