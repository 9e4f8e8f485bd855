import type {ServerResponse} from 'node:http';
import {jsonText} from '../../core/json-text.ts';
import type {ImgmgrError} from '../../errors.ts';
import type {Secrets} from '../../secrets/registry.ts';
import {scrubEvent} from '../../secrets/scrub-deep.ts';
import type {ErrorAnswer} from '../contract/common.ts';
import {CallError, errorTextOf, statusOf} from '../errors.ts';

/** What pages may load and do: their own scripts, styles and calls, nothing else. */
const POLICY = [
  ...["default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'"],
  ...["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
  // No script may make HTML of a text.
  ...["require-trusted-types-for 'script'", "trusted-types 'none'"],
].join('; ');

/** The headers that every answer has. https://owasp.org/www-project-secure-headers/ */
export function setCommonHeaders(response: ServerResponse, {isSecure}: {readonly isSecure: boolean}): void {
  response.setHeader('content-security-policy', POLICY);
  response.setHeader('x-content-type-options', 'nosniff');
  response.setHeader('x-frame-options', 'DENY');
  response.setHeader('referrer-policy', 'no-referrer');
  response.setHeader('cross-origin-opener-policy', 'same-origin');
  response.setHeader('cross-origin-resource-policy', 'same-origin');
  response.setHeader('permissions-policy', 'camera=(), geolocation=(), microphone=()');
  if (isSecure) response.setHeader('strict-transport-security', 'max-age=31536000');
}

/** Sends data as JSON, without any secret that is known; nobody keeps it. */
export function sendJson(
  response: ServerResponse,
  {status, value, secrets}: {readonly status: number; readonly value: object; readonly secrets: Secrets},
): void {
  const body = Buffer.from(`${jsonText(scrubEvent(value, (text) => secrets.scrub(text)))}\n`);
  response.statusCode = status;
  response.setHeader('content-type', 'application/json; charset=utf-8');
  response.setHeader('cache-control', 'no-store');
  response.setHeader('content-length', body.length);
  response.end(body);
}

/** Sends an error: its code, message and hint, never its stack or cause. */
export function sendError(response: ServerResponse, error: ImgmgrError, secrets: Secrets): void {
  const {problems} = error;
  const answer: ErrorAnswer = {
    error: {
      ...(error.code === 'INTERNAL'
        ? {code: error.code, message: 'a fault of imgmgr', hint: 'the log of the server says more'}
        : errorTextOf(error)),
      ...(error instanceof CallError && error.run !== undefined && {run: error.run}),
      ...(problems.length > 0 && {problems: problems.slice(0, 100)}),
    },
  };
  if (error instanceof CallError && error.retryS !== undefined) response.setHeader('retry-after', error.retryS);
  sendJson(response, {status: statusOf(error), value: answer, secrets});
}

/** Sends plain text that nobody keeps. */
export function sendText(response: ServerResponse, text: string, type: string): void {
  response.statusCode = 200;
  response.setHeader('content-type', type);
  response.setHeader('cache-control', 'no-store');
  response.end(text);
}
