/** What cloud-init's tables of devices and routes on a console show. */
export type NetworkTables = 'online' | 'no-interface' | 'no-address' | 'no-route';

interface Device {
  readonly name: string;
  readonly up: boolean;
  readonly address: string;
}

interface Tables {
  devices: Device[] | undefined;
  routes: number;
  /** The table that the next rows belong to. */
  open: 'devices' | 'routes' | 'none';
}

const MARK = 'ci-info: ';

/**
 * Reads the last tables that cloud-init printed (https://github.com/canonical/cloud-init/blob/main/cloudinit/netinfo.py): an interface
 * besides `lo` has to be up and to have an address of more than its link, and there has to be a route. undefined: no table was printed.
 */
export function readNetworkTables(lines: readonly string[]): NetworkTables | undefined {
  const tables: Tables = {devices: undefined, routes: 0, open: 'none'};
  for (const line of lines) {
    const at = line.indexOf(MARK);
    if (at >= 0) readRow(line.slice(at + MARK.length), tables);
  }
  if (tables.devices === undefined) return undefined;
  const up = tables.devices.filter((device) => device.up && device.name !== 'lo');
  if (up.length === 0) return 'no-interface';
  if (!up.some(({address}) => isAddress(address))) return 'no-address';
  return tables.routes === 0 ? 'no-route' : 'online';
}

function readRow(row: string, tables: Tables): void {
  const failed = row.includes('failed');
  if (row.includes('Net device info')) {
    tables.devices = failed ? undefined : [];
    tables.routes = 0;
    tables.open = failed ? 'none' : 'devices';
  } else if (row.includes('Route IPv') || row.includes('Route info')) {
    tables.open = 'routes';
    // A table that could not be made says nothing against the routes.
    if (failed) tables.routes += 1;
  } else if (row.includes('Authorized keys')) tables.open = 'none';
  else if (row.startsWith('|')) readCells(row, tables);
}

function readCells(row: string, tables: Tables): void {
  const [, first = '', second = '', third = ''] = row.split('|').map((cell) => cell.trim());
  if (first === 'Device' || first === 'Route') return;
  if (tables.open === 'devices') tables.devices?.push({name: first, up: second === 'True', address: third});
  if (tables.open === 'routes' && isRoute(second)) tables.routes += 1;
}

/** Link-local addresses come without any network. */
function isAddress(text: string): boolean {
  return text !== '' && text !== '.' && !/^(?:fe80:|169\.254\.|127\.|::1(?:\/|$))/i.test(text);
}

/** Those that every interface has by itself lead nowhere. */
function isRoute(destination: string): boolean {
  return destination !== '' && !/^(?:fe80:|ff00:|169\.254\.|127\.|::1(?:\/|$)|local$|multicast$)/i.test(destination);
}
