import {readdir, readFile} from 'node:fs/promises';
import {join} from 'node:path';

/** Prints the images of the local cloud in $IMGMGR_LOCAL, as `openstack image list` would: one line each, newest first. */
const images = join(process.env['IMGMGR_LOCAL'] ?? '', 'images');
const records = await Promise.all(
  (await readdir(images)).map(
    async (id) => JSON.parse(await readFile(join(images, id, 'image.json'), 'utf8')) as Record<string, unknown>,
  ),
);
const columns = ['id', 'name', 'status', 'visibility', 'os_purpose', 'internal_version'];
const rows = records
  .sort((a, b) => String(b['internal_version']).localeCompare(String(a['internal_version'])))
  .map((record) => columns.map((column) => String(record[column])));
const widths = columns.map((column, n) => Math.max(column.length, ...rows.map((row) => row[n]?.length ?? 0)));
for (const row of [columns, ...rows])
  process.stdout.write(`${row.map((cell, n) => cell.padEnd(widths[n] ?? 0)).join('  ')}\n`);
