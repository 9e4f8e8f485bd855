import type {Finding, FormatInspector, FormatProblem} from './inspection.ts';
import {refuse, unfinished} from './inspection.ts';
import type {Prefix} from './prefix.ts';

/** QEMU's own limit of an embedded descriptor. */
const MAX_DESCRIPTOR = (1 << 20) - 1;
const TYPES = ['monolithicsparse', 'streamoptimized'];
const FOOTER = 1536;

/**
 * VMware's VMDK. Only the two single-file kinds whose descriptor names no other file pass (CVE-2022-47951); the rules are
 * those of https://opendev.org/openstack/oslo.utils/src/branch/master/oslo_utils/imageutils/format_inspector.py.
 */
export const vmdk: FormatInspector = {
  name: 'vmdk',
  reach: 512,
  matches: (head) => head.is(0, 'KDMV') || head.is(0, 'COWD') || isTextDescriptor(head),
  inspect(head) {
    if (head.is(0, 'COWD')) return refuse('Type', 'is an ESX VMDK extent (COWD), which no cloud takes');
    if (!head.is(0, 'KDMV')) return refuse('Descriptor', 'is a VMDK descriptor that names its data in other files');
    if (!head.has(0, 512)) return unfinished(head, 512);
    return inspectSparse(head);
  },
};

/** The last 1536 bytes of a VMDK whose header points to a footer must repeat that header. */
export function checkVmdkFooter(head: Prefix, tail: Prefix): readonly FormatProblem[] {
  const problem = (message: string): readonly FormatProblem[] => [{id: 'Footer', message: `is VMDK ${message}`}];
  const start = tail.length - FOOTER;
  if (start < 0) return problem('without the footer that its header announces');
  if (tail.u32le(start + 8) !== 0 || tail.u32le(start + 12) !== 3 || !isZero(tail, start + 16))
    return problem('with an invalid footer marker');
  const end = start + 1024;
  if (tail.u64le(end) !== 0 || tail.u64le(end + 8) !== 0 || !isZero(tail, end + 16))
    return problem('with an invalid end marker');
  const footer = start + 512;
  // Magic and version, then the place of the descriptor.
  const same = head.text(0, 8) === tail.text(footer, 8) && head.text(28, 16) === tail.text(footer + 28, 16);
  if (!same) return problem('whose footer disagrees with its header');
  return footerFollows(tail, footer) ? problem('whose footer announces another footer') : [];
}

function inspectSparse(head: Prefix): Finding {
  const version = head.u32le(4);
  if (version < 1 || version > 3) return refuse('Version', `is VMDK of the unknown version ${version}`);
  if (head.u64le(28) !== 1) return refuse('Descriptor', 'is VMDK whose descriptor is not at its usual place');
  const length = Math.min(head.u64le(36) * 512, MAX_DESCRIPTOR);
  if (!head.has(512, length)) return unfinished(head, 512 + length);
  return {
    virtualSize: head.u64le(12) * 512,
    problems: checkDescriptor(head.text(512, length)),
    footer: footerFollows(head, 0),
  };
}

/** Every line must be one that is understood; anything else is refused. */
function checkDescriptor(padded: string): readonly FormatProblem[] {
  const end = padded.indexOf('\0');
  const text = (end < 0 ? padded : padded.slice(0, end)).toLowerCase();
  if (text === '') return [{id: 'Descriptor', message: 'is VMDK without a descriptor'}];
  if (!isPlain(text)) return [{id: 'Descriptor', message: 'is VMDK whose descriptor is not plain ASCII'}];
  const problems: FormatProblem[] = [];
  const type = /createtype="([^"\n]{0,63})"/.exec(text)?.[1];
  if (type === undefined || !TYPES.includes(type))
    problems.push({
      id: 'Type',
      message: `is VMDK of the type ${type ?? '(none)'}; only monolithicSparse and streamOptimized are safe`,
    });
  // Glance lets it pass, but QEMU opens the parent.
  if (text.includes('parentfilenamehint') || /^parentcid=(?!f{8})/m.test(text))
    problems.push({id: 'BackingFile', message: 'is VMDK that builds on a parent file'});
  let extents = 0;
  for (const line of text.split('\n').map((raw) => raw.trim())) {
    if (line === '' || line.startsWith('#') || line.startsWith('ddb') || /^[^ =]*=/.test(line)) continue;
    if (!/^(rw|rdonly|noaccess) /.test(line))
      return [
        ...problems,
        {id: 'Descriptor', message: `is VMDK with the unknown descriptor line "${line.slice(0, 40)}"`},
      ];
    extents += 1;
    if (line.includes('/')) problems.push({id: 'Extent', message: 'is VMDK with an extent in another folder'});
  }
  if (extents === 0) problems.push({id: 'Extent', message: 'is VMDK without an extent'});
  return problems;
}

/** QEMU takes any text with these words for a VMDK, whatever its first line says. */
function isTextDescriptor(head: Prefix): boolean {
  if (head.is(0, '# Disk DescriptorFile')) return true;
  if (head.length === 0 || !isPlain(head.text(0, 512))) return false;
  return head.text(0, MAX_DESCRIPTOR).toLowerCase().includes('createtype="');
}

function isPlain(text: string): boolean {
  return /^[\t\n\v\f\r -~]*$/.test(text);
}

function footerFollows(header: Prefix, offset: number): boolean {
  return header.u32le(offset + 56) === 0xffffffff && header.u32le(offset + 60) === 0xffffffff;
}

function isZero(bytes: Prefix, offset: number): boolean {
  return bytes.text(offset, 496) === '\0'.repeat(496);
}
