/** One member of a tar file that a test makes; `header` changes the finished header before its checksum. */
export interface Member {
  readonly name: string;
  readonly content?: Uint8Array | string;
  readonly type?: string;
  readonly size?: number;
  readonly header?: (block: Buffer) => void;
}

/** A tar file of these members (ustar); `end`: what comes behind them, by default two blocks of zeros. */
export function tarFile(members: readonly Member[], end: Uint8Array = Buffer.alloc(1024)): Buffer {
  return Buffer.concat([...members.flatMap(member), end]);
}

/** The records of a pax header. */
export function pax(records: Readonly<Record<string, string>>, type = 'x'): Member {
  const content = Object.entries(records).map(([key, value]) => paxRecord(`${key}=${value}\n`));
  return {name: 'pax', type, content: content.join('')};
}

function paxRecord(rest: string): string {
  const length = Buffer.byteLength(rest) + 1;
  let digits = String(length).length;
  while (String(length + digits).length !== digits) digits += 1;
  return `${length + digits} ${rest}`;
}

function member({name, content = '', type = '0', size, header}: Member): readonly Buffer[] {
  const bytes = Buffer.from(content);
  const block = Buffer.alloc(512);
  block.write(name, 0, 100);
  block.write('0000644\0', 100);
  block.write(`${(size ?? bytes.length).toString(8).padStart(11, '0')}\0`, 124);
  block.write(type, 156);
  block.write('ustar\x0000', 257, 'latin1');
  header?.(block);
  block.write('        ', 148);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return [block, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
}
