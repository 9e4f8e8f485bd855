import {startFakeCloud} from '../../fakes/fake-cloud.ts';
import {describeImageStore} from '../ports/image-store-contract.ts';
import {connect} from './fake.ts';

for (const release of ['debian', 'latest'] as const)
  describeImageStore(`Glance (${release})`, async () => {
    const fake = await startFakeCloud({release, dateHeader: release === 'debian'});
    const [one, two] = [connect(fake), connect(fake)];
    return {
      store: one.store,
      other: two.store,
      close: async () => {
        await Promise.all([one.store.close(), two.store.close()]);
        await fake.close();
      },
    };
  });
