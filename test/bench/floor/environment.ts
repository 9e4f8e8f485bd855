import type {Login} from '../raw-api.ts';

/** The login that a floor script is given in its environment. */
export function login(): Login {
  const value = (name: string): string => process.env[name] ?? '';
  return {
    authUrl: value('OS_AUTH_URL'),
    user: value('OS_USERNAME'),
    password: value('OS_PASSWORD'),
    project: value('OS_PROJECT_NAME'),
  };
}
