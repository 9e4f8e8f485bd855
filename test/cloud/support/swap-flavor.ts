import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {buffer} from 'node:stream/consumers';

/**
 * Stands before the real Nova and gives each order of a server that boots from an image the flavor of this id, so that Nova itself
 * answers as it does for that flavor; everything else goes through as it is.
 */
export async function withSwappedFlavor<T>(flavor: string, work: (url: string) => Promise<T>): Promise<T> {
  const server = createServer((request, response) => {
    void buffer(request)
      .then(async (body) => {
        const {method = 'GET', url = '/', headers} = request;
        const kept = Object.entries(headers).filter(([name]) => /^(x-|openstack-|content-type|accept$)/.test(name));
        const answer = await fetch(`http://127.0.0.1:8774${url}`, {
          method,
          headers: kept.map(([name, value]): [string, string] => [name, String(value)]),
          ...(body.length > 0 && {body: swapped(body.toString(), flavor)}),
        });
        response.writeHead(answer.status, {'content-type': answer.headers.get('content-type') ?? 'text/plain'});
        response.end(Buffer.from(await answer.arrayBuffer()));
      })
      .catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v2.1`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

function swapped(body: string, flavor: string): string {
  const order = JSON.parse(body) as {server?: {imageRef?: string; flavorRef?: string}};
  if (order.server?.imageRef === undefined) return body;
  return JSON.stringify({...order, server: {...order.server, flavorRef: flavor}});
}
