import type {Prefix} from './prefix.ts';

/** QEMU's own limit of a descriptor. */
const MAX_DESCRIPTOR = (1 << 20) - 1;

/** True for text that a program takes for a VMDK descriptor: by its first line, by a createType, or by QEMU's own probe. */
export function isTextVmdk(head: Prefix): boolean {
  if (head.is(0, '# Disk DescriptorFile') || isProbedByQemu(head)) return true;
  if (head.length === 0 || !isPlain(head.text(0, 512))) return false;
  return head.text(0, MAX_DESCRIPTOR).toLowerCase().includes('createtype="');
}

/**
 * vmdk_probe of https://gitlab.com/qemu-project/qemu/-/blob/v7.2.0/block/vmdk.c: comments of any bytes, lines of blanks, then
 * `version=1`, 2 or 3. QEMU looks at 2 KiB at most; more is seen here, so that nothing hides behind a long comment.
 */
function isProbedByQemu(head: Prefix): boolean {
  let at = 0;
  while (at < head.length) {
    const first = head.u8(at);
    if (first === 0x23) {
      at = lineEnd(head, at) + 1;
      continue;
    }
    if (first !== 0x20) break;
    while (head.u8(at) === 0x20) at += 1;
    if (head.u8(at) === 0x0d) at += 1;
    if (head.u8(at) !== 0x0a) return false;
    at += 1;
  }
  return /^version=[123]\r?\n/.test(head.text(at, 11));
}

function lineEnd(head: Prefix, from: number): number {
  let at = from;
  while (at < head.length && head.u8(at) !== 0x0a) at += 1;
  return at;
}

function isPlain(text: string): boolean {
  return /^[\t\n\v\f\r -~]*$/.test(text);
}
