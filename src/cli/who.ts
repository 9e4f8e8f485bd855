import {userInfo} from 'node:os';
import type {Who} from '../core/history/records.ts';
import {requestedBy} from '../config/settings.ts';
import {publicUrl} from '../core/public-url.ts';
import type {Env} from './io.ts';

/** Who starts this process: its user, who called sudo, and the job of a CI service, by the service's own variables. */
export function whoStarts(env: Env): Who {
  const service = SERVICES.find(({variable}) => (env[variable] ?? '') !== '');
  const url = service?.url?.(env) ?? '';
  return {
    user: userName(),
    sudoUser: env['SUDO_USER'] || null,
    ci: service?.name ?? null,
    job: service?.job(env) || null,
    jobUrl: url === '' ? null : publicUrl(url),
    requestedBy: requestedBy(env) ?? null,
  };
}

interface Service {
  readonly name: string;
  /** Set by it alone. */
  readonly variable: string;
  readonly job: (env: Env) => string | undefined;
  readonly url?: (env: Env) => string | undefined;
}

/**
 * https://docs.gitlab.com/ci/variables/predefined_variables/, https://docs.github.com/actions/reference/workflows-and-actions/variables,
 * https://www.jenkins.io/doc/book/pipeline/jenkinsfile/#using-environment-variables; jobs of Zuul set what they want to be seen.
 */
const SERVICES: readonly Service[] = [
  {
    ...{name: 'gitlab', variable: 'GITLAB_CI'},
    job: ({CI_PROJECT_PATH, CI_JOB_NAME}) => joined(CI_PROJECT_PATH, CI_JOB_NAME),
    url: ({CI_JOB_URL}) => CI_JOB_URL,
  },
  {
    ...{name: 'github', variable: 'GITHUB_ACTIONS'},
    job: ({GITHUB_REPOSITORY, GITHUB_JOB}) => joined(GITHUB_REPOSITORY, GITHUB_JOB),
    url: ({GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_RUN_ID}) =>
      GITHUB_SERVER_URL && GITHUB_REPOSITORY && GITHUB_RUN_ID
        ? `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/actions/runs/${GITHUB_RUN_ID}`
        : undefined,
  },
  {...{name: 'zuul', variable: 'ZUUL_BUILD'}, job: ({ZUUL_PROJECT, ZUUL_JOB}) => joined(ZUUL_PROJECT, ZUUL_JOB)},
  {...{name: 'jenkins', variable: 'JENKINS_URL'}, job: ({JOB_NAME}) => JOB_NAME, url: ({BUILD_URL}) => BUILD_URL},
  {...{name: 'ci', variable: 'CI'}, job: () => undefined},
];

function joined(...parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part).join(' ');
}

/** The number of a user without a name, as in a container. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? '');
  }
}
