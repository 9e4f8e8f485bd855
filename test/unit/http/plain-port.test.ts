import {expect, onTestFinished, test} from 'vitest';
import {createHttp, HttpError} from '../../../src/http.ts';
import {refusal} from '../../../src/openstack/refusal.ts';
import {failure, request, source} from '../sources/under-test.ts';
import {serve} from '../sources/web-server.ts';

test('U4: https to a port of plain http says so, and does not blame the certificate', async () => {
  const web = await serve((_, response) => response.end('{}'));
  const url = web.url.replace('http:', 'https:');
  const http = createHttp({proxy: 'none'});
  onTestFinished(() => http.close());
  const asked = http.request({method: 'GET', url, response: 'json', expect: [200], timeoutMs: 5000, retry: false});
  const error = await asked.catch((reason: unknown) => reason);
  if (!(error instanceof HttpError)) throw new Error(`unexpected: ${String(error)}`);
  expect(refusal(error)).toMatchObject({
    code: 'CONFIG',
    message: `${url} speaks plain http, not https, at this port`,
    hint: expect.stringContaining('write http://') as string,
  });
  const refused = await failure(source().open(request(`${url}/a.img`)));
  expect([refused.code, refused.message]).toEqual([
    'SOURCE_REFUSED',
    `${url}/a.img speaks plain http, not https, at this port`,
  ]);
});
