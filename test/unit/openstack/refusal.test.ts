import {describe, expect, test} from 'vitest';
import type {ErrorCode} from '../../../src/errors.ts';
import {HttpError} from '../../../src/http.ts';
import type {HttpErrorKind} from '../../../src/http.ts';
import {explanation, refusal} from '../../../src/openstack/refusal.ts';

function answered(status: number, body = ''): HttpError {
  return new HttpError({
    kind: 'status',
    message: `answered ${status}`,
    method: 'PATCH',
    url: 'http://glance:9292/v2/images/1?x=y',
    status,
    body,
    requestId: 'req-1',
  });
}

function failed(kind: HttpErrorKind): HttpError {
  return new HttpError({kind, message: 'it failed', method: 'GET', url: 'http://glance/v2/images'});
}

test.each<[number, ErrorCode]>([
  [400, 'CLOUD_REFUSED'],
  [401, 'AUTH'],
  [403, 'FORBIDDEN'],
  [404, 'NOT_FOUND'],
  [408, 'TIMEOUT'],
  [409, 'CONFLICT'],
  [413, 'QUOTA'],
  [415, 'CLOUD_REFUSED'],
  [429, 'UNAVAILABLE'],
  [500, 'UNAVAILABLE'],
  [501, 'CLOUD_REFUSED'],
  [503, 'UNAVAILABLE'],
])('status %i is %s', (status, code) => {
  expect(refusal(answered(status)).code).toBe(code);
});

test.each<[HttpErrorKind, ErrorCode]>([
  ['dns', 'UNAVAILABLE'],
  ['connect', 'UNAVAILABLE'],
  ['broken-off', 'UNAVAILABLE'],
  ['timeout', 'TIMEOUT'],
  ['tls', 'CONFIG'],
  ['redirect', 'PROTOCOL'],
  ['invalid-body', 'PROTOCOL'],
  ['too-large', 'PROTOCOL'],
  ['body-size', 'SOURCE_UNAVAILABLE'],
  ['aborted', 'INTERRUPTED'],
])('%s is %s', (kind, code) => {
  expect(refusal(failed(kind)).code).toBe(code);
});

test('says where, in whose words, and which request', () => {
  const error = refusal(answered(409, '{"message": "image is busy"}'));
  expect(error.message).toBe('http://glance:9292 answered 409: image is busy');
  expect(error.place).toBe('PATCH /v2/images/1?x=y (req-1)');
});

test('a 403 that speaks of a quota is one', () => {
  expect(refusal(answered(403, '{"forbidden": {"message": "Quota exceeded for cores"}}')).code).toBe('QUOTA');
});

describe('the server’s own words', () => {
  test.each([
    [
      'Keystone',
      '{"error": {"code": 401, "message": "The request requires authentication."}}',
      'The request requires authentication.',
    ],
    ['Nova', '{"badRequest": {"code": 400, "message": "Invalid"}}', 'Invalid'],
    [
      'Glance, new form',
      '<html>\n <body>\n  <h1>404 Not Found</h1>\n  Failed to find image 1<br /><br />\n\n\n </body>\n</html>',
      'Failed to find image 1',
    ],
    [
      'Glance, old form',
      '<html><body><h1>409 Conflict</h1>There was a conflict.<br /><br />\nProperty &#x27;a&#x27; &lt;x&gt;\n</body></html>',
      "There was a conflict. Property 'a' <x>",
    ],
    ['a page without a heading', '<html><title>502 Bad Gateway</title><body>nginx</body></html>', '502 Bad Gateway'],
    ['plain text', ' no\n way ', 'no way'],
    ['JSON without words', '[1]', '[1]'],
    ['nothing', '', ''],
  ])('%s', (_, body, words) => {
    expect(explanation(body)).toBe(words);
  });

  test('are bounded', () => {
    expect(explanation('x'.repeat(9000))).toHaveLength(300);
  });
});
