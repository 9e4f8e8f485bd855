import {userInfo} from 'node:os';
import {expect, it} from 'vitest';
import {whoStarts} from '../../../src/cli/who.ts';

const NOBODY = {user: userInfo().username, sudoUser: null, ci: null, job: null, jobUrl: null, requestedBy: null};

it.each([
  [{}, {}],
  [{SUDO_USER: 'ann'}, {sudoUser: 'ann'}],
  [{SUDO_USER: '', CI: ''}, {}],
  [{IMGMGR_REQUESTED_BY: 'ann'}, {requestedBy: 'ann'}],
  [{CI: 'true'}, {ci: 'ci'}],
  [
    {
      CI: 'true',
      GITLAB_CI: 'true',
      CI_PROJECT_PATH: 'ops/images',
      CI_JOB_NAME: 'nightly',
      CI_JOB_URL: 'https://u:p@lab/1',
    },
    {ci: 'gitlab', job: 'ops/images nightly', jobUrl: 'https://lab/1'},
  ],
  [
    {
      ...{GITHUB_ACTIONS: 'true', GITHUB_REPOSITORY: 'ops/images', GITHUB_JOB: 'build'},
      GITHUB_SERVER_URL: 'https://github.com',
      GITHUB_RUN_ID: '7',
    },
    {ci: 'github', job: 'ops/images build', jobUrl: 'https://github.com/ops/images/actions/runs/7'},
  ],
  [{GITHUB_ACTIONS: 'true'}, {ci: 'github'}],
  [
    {ZUUL_BUILD: '1', ZUUL_JOB: 'images'},
    {ci: 'zuul', job: 'images'},
  ],
  [
    {JENKINS_URL: 'x', JOB_NAME: 'images', BUILD_URL: 'https://ci/1/'},
    {ci: 'jenkins', job: 'images', jobUrl: 'https://ci/1/'},
  ],
])('by the variables %j a run is started by %j', (env, who) => {
  expect(whoStarts(env)).toEqual({...NOBODY, ...who});
});
