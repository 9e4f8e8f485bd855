import {crc32, deflateSync, inflateSync} from 'node:zlib';

const SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');

/** The same picture with at most 256 colours, which takes a third of the bytes; of PNGs as Chromium makes them, 8 bits without interlacing. */
export function smallPng(png: Buffer): Buffer {
  const parts = chunks(png);
  const head = parts.find(({type}) => type === 'IHDR')?.data ?? Buffer.alloc(13);
  const [width, height] = [head.readUInt32BE(0), head.readUInt32BE(4)];
  const size = head[9] === 6 ? 4 : 3;
  const packed = Buffer.concat(parts.filter(({type}) => type === 'IDAT').map(({data}) => data));
  const pixels = unfiltered(inflateSync(packed), {stride: width * size, height, size});
  const colourOf = (pixel: number): number => pixels.readUIntBE(pixel * size, 3);
  const uses = new Map<number, number>();
  for (let pixel = 0; pixel < width * height; pixel++) uses.set(colourOf(pixel), (uses.get(colourOf(pixel)) ?? 0) + 1);
  const byUse = [...uses.entries()].sort(([, one], [, other]) => other - one).map(([colour]) => colour);
  const palette = byUse.slice(0, 256);
  const indexes = new Map(byUse.map((colour) => [colour, nearest(colour, palette)]));
  const rows = Buffer.alloc((width + 1) * height);
  for (let pixel = 0; pixel < width * height; pixel++)
    rows[Math.floor(pixel / width) * (width + 1) + 1 + (pixel % width)] = indexes.get(colourOf(pixel)) ?? 0;
  const newHead = Buffer.from(head);
  newHead[9] = 3;
  const colours = Buffer.from(palette.flatMap(channels));
  const written = [chunk('IHDR', newHead), chunk('PLTE', colours), chunk('IDAT', deflateSync(rows, {level: 9}))];
  return Buffer.concat([SIGNATURE, ...written, chunk('IEND', Buffer.alloc(0))]);
}

function nearest(colour: number, palette: readonly number[]): number {
  const wanted = channels(colour);
  const distances = palette.map((one) =>
    channels(one).reduce((sum, value, at) => sum + (value - (wanted[at] ?? 0)) ** 2, 0),
  );
  return distances.indexOf(Math.min(...distances));
}

function channels(colour: number): number[] {
  return [colour >> 16, (colour >> 8) & 255, colour & 255];
}

function chunks(png: Buffer): readonly {readonly type: string; readonly data: Buffer}[] {
  const found: {readonly type: string; readonly data: Buffer}[] = [];
  for (let at = SIGNATURE.length; at < png.length;) {
    const length = png.readUInt32BE(at);
    found.push({type: png.toString('latin1', at + 4, at + 8), data: png.subarray(at + 8, at + 8 + length)});
    at += length + 12;
  }
  return found;
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const made = Buffer.alloc(body.length + 8);
  made.writeUInt32BE(data.length, 0);
  body.copy(made, 4);
  made.writeUInt32BE(crc32(body), body.length + 4);
  return made;
}

/** Takes back the filters of rows: https://www.w3.org/TR/png-3/#9Filters. */
function unfiltered(
  raw: Buffer,
  of: {readonly stride: number; readonly height: number; readonly size: number},
): Buffer {
  const {stride, height, size} = of;
  const made = Buffer.alloc(stride * height);
  for (let row = 0; row < height; row++)
    for (let x = 0; x < stride; x++) {
      const at = row * stride + x;
      const left = x < size ? 0 : (made[at - size] ?? 0);
      const up = row === 0 ? 0 : (made[at - stride] ?? 0);
      const corner = x < size || row === 0 ? 0 : (made[at - stride - size] ?? 0);
      const by = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][raw[row * (stride + 1)] ?? 0] ?? 0;
      made[at] = (raw[row * (stride + 1) + 1 + x] ?? 0) + by;
    }
  return made;
}

function paeth(left: number, up: number, corner: number): number {
  const guess = left + up - corner;
  const [toLeft, toUp, toCorner] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}
