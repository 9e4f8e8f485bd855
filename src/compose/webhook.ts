import {absolutePath} from '../config/config-context.ts';
import {readSecret} from '../config/named-files.ts';
import type {Emit} from '../core/events.ts';
import {isLoopback} from '../core/public-url.ts';
import type {Notifier} from '../ports/notifier.ts';
import type {Secrets} from '../secrets/registry.ts';
import {VERSION} from '../version.ts';
import type {Caller} from './context-parts.ts';

/** What notifications are sent with. */
export interface NotifierParts {
  readonly url: URL;
  /** As the operator named it. */
  readonly secretFile?: string;
  readonly caller: Caller;
  readonly secrets: Secrets;
  readonly now: () => Date;
  readonly emit: Emit;
}

/** What sends notifications to that address; ordinary proxies count, but for this host itself. CONFIG where the secret cannot be read. */
export async function openWebhook({url, secretFile, caller, secrets, now, emit}: NotifierParts): Promise<Notifier> {
  const secret = secretFile === undefined ? undefined : await readSecret(absolutePath(secretFile, caller));
  if (secret !== undefined) secrets.add(secret);
  const [{createWebhook}, {createHttp}] = await Promise.all([import('../webhook/webhook.ts'), import('../http.ts')]);
  const http = createHttp({
    proxy: isLoopback(url) ? 'none' : 'environment',
    env: caller.env,
    secrets,
    onExchange: (exchange) => emit({type: 'http', ...exchange, url: url.origin}),
    headers: {'user-agent': `imgmgr/${VERSION}`},
  });
  const webhook = createWebhook({
    ...{http, url: url.href, version: VERSION, now},
    ...(secret !== undefined && {secret: Buffer.from(secret)}),
    warn: (warning) => emit({type: 'warning', ...warning}),
  });
  return {
    take: (stamped) => webhook.take(stamped),
    async end(limitMs) {
      await webhook.end(limitMs);
      http.close();
    },
  };
}
