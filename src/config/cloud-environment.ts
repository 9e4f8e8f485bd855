import type {ConfigMap} from './config-value.ts';
import {variable} from './config-context.ts';
import type {Environment} from './config-context.ts';

/** The name under which the cloud of the environment goes: `OS_CLOUD_NAME`, else `envvars`. */
export function environmentCloudName(env: Environment): string {
  return variable(env, 'OS_CLOUD_NAME') ?? 'envvars';
}

/**
 * The cloud that `OS_*` variables describe, keys as in clouds.yaml; undefined when they hold neither an address to log in at
 * nor anything to log in with. (The SDK takes any variable for a cloud, and then fails for want of an address.)
 */
export function cloudOfEnvironment(env: Environment): ConfigMap | undefined {
  if (!Object.keys(env).some((name) => variable(env, name) !== undefined && CREDENTIAL.test(name))) return undefined;
  const values = Object.entries(env)
    .filter(([name]) => name.startsWith('OS_') && !SELECTORS.has(name))
    .map(([name, value]) => [name.slice('OS_'.length).toLowerCase(), value ?? '']);
  return Object.fromEntries(values) as ConfigMap;
}

const CREDENTIAL =
  /^OS_(?:AUTH_URL|USERNAME|USER_NAME|USER_ID|PASSWORD|TOKEN|AUTH_TOKEN|APPLICATION_CREDENTIAL_(?:ID|NAME|SECRET))$/;
/** They say which cloud or file, not what the cloud is. */
const SELECTORS: ReadonlySet<string> = new Set([
  'OS_CLOUD',
  'OS_CLOUD_NAME',
  'OS_CLIENT_CONFIG_FILE',
  'OS_CLIENT_SECURE_FILE',
  'OS_CLIENT_VENDOR_FILE',
]);
