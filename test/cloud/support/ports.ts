import {createHttp} from '../../../src/http.ts';
import {createOpenStack} from '../../../src/openstack/create-openstack.ts';
import {cloudEntry} from '../../fakes/cloud-entry.ts';
import {PASSWORD, projectOf} from './login.ts';
import type {User} from './login.ts';

/** All ports of the one-node OpenStack, as the given user. */
export function portsOf(user: User): ReturnType<typeof createOpenStack> {
  const domain = {name: 'Default'};
  return createOpenStack(
    cloudEntry({
      name: user,
      region: 'RegionOne',
      auth: {
        type: 'password',
        authUrl: 'http://127.0.0.1:5000/v3',
        user: {name: user, domain},
        password: PASSWORD,
        scope: {type: 'project', project: {name: projectOf(user), domain}},
      },
    }),
    {http: createHttp({proxy: 'none'})},
  );
}
