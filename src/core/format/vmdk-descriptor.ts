import type {FormatProblem, ProblemId} from './inspection.ts';

/** What the header of the file says, for comparison; sectors of 512 bytes. */
export interface VmdkHeader {
  readonly capacity: number;
  readonly grain: number;
  readonly compressed: boolean;
}

/** QEMU reads no more of an embedded descriptor, whatever the header says. */
const READ_BY_QEMU = 20 * 512;

const KEYS = [
  'adapterType|comment|deletable|encoding|longContentID|thinProvisioned|toolsInstallType|toolsVersion|virtualHWVersion',
  'geometry\\.(cylinders|heads|sectors|biosCylinders|biosHeads|biosSectors)',
  'uuid|uuid\\.(image|modification|parentmodification)|fcd\\.[A-Za-z]+',
].join('|');

type Part = 'version' | 'encoding' | 'CID' | 'parentCID' | 'isNativeSnapshot' | 'createType' | 'extent' | 'other';

/** Every line that qemu-img, VMware and VirtualBox write into a disk of one file; anything else is refused. */
const GRAMMAR: readonly (readonly [Part, RegExp])[] = [
  ['other', /^ *$/],
  ['other', /^#[ -~]*$/],
  ['version', /^version=[123]$/],
  ['encoding', /^encoding="[A-Za-z0-9._-]{1,32}"$/],
  ['CID', /^CID=[0-9A-Fa-f]{1,8}$/],
  ['parentCID', /^parentCID=[fF]{8}$/],
  ['isNativeSnapshot', /^isNativeSnapshot="no"$/],
  ['createType', /^createType="(monolithicSparse|streamOptimized)"$/],
  // No folder, no drive, no protocol: a name in the folder of the disk, which nobody opens.
  ['extent', /^(RW|RDONLY) ([1-9]\d{0,14}) SPARSE "[^"/\\:]{1,255}"$/],
  ['other', /^ddb\.uuid\.parent ?= ?"[0-]*"$/],
  ['other', new RegExp(`^ddb\\.(${KEYS}) ?= ?"[^"]*"( #[ -~]*)?$`)],
];

const REQUIRED = ['CID', 'parentCID', 'createType', 'extent'] as const;
/** The words that QEMU looks for anywhere in the text, and the line that must be the first to have them. */
const SOUGHT = ['CID', 'parentCID', 'createType'] as const;

interface Line {
  readonly text: string;
  readonly start: number;
  readonly part?: Part;
}

/**
 * Judges the descriptor inside a VMDK; `area` is all that the header gives to it. QEMU opens the extents that it names only where
 * the header's capacity is 0, and looks for parent, CID and createType as words anywhere in its text up to the first NUL
 * (https://gitlab.com/qemu-project/qemu/-/blob/v7.2.0/block/vmdk.c: vmdk_open_vmdk4, vmdk_parent_open, vmdk_read_cid). So each
 * line has to be of the grammar, and each word may stand only where it means what it says.
 */
export function checkVmdkDescriptor(area: string, header: VmdkHeader): readonly FormatProblem[] {
  const end = area.indexOf('\0');
  if (end === 0 || area === '') return [problem('Descriptor', 'without a descriptor')];
  if (end < 0 || end >= READ_BY_QEMU)
    return [problem('Descriptor', 'whose descriptor does not end where programs stop to read it')];
  if (!isEmptyBehind(area, end)) return [problem('Descriptor', 'with something behind its descriptor')];
  const text = area.slice(0, end);
  if (!/^[\n -~]*$/.test(text)) return [problem('Descriptor', 'whose descriptor is not plain ASCII in plain lines')];
  const lines = linesOf(text);
  return [
    ...unknownLines(lines),
    ...countProblems(lines),
    ...wordProblems(text, lines),
    ...contradictions(lines, header),
  ];
}

function linesOf(text: string): readonly Line[] {
  let start = 0;
  return text.split('\n').map((line) => {
    const part = GRAMMAR.find(([, pattern]) => pattern.test(line))?.[0];
    const found = {text: line, start, ...(part !== undefined && {part})};
    start += line.length + 1;
    return found;
  });
}

function unknownLines(lines: readonly Line[]): readonly FormatProblem[] {
  return lines
    .filter(({part}) => part === undefined)
    .slice(0, 1)
    .map(({text}) => nameUnknown(text));
}

function nameUnknown(line: string): FormatProblem {
  const lower = line.toLowerCase();
  const shown = line.slice(0, 60).replaceAll('"', "'");
  if (/^ *createtype/.test(lower))
    return problem(
      'Type',
      `with the line "${shown}"; only createType='monolithicSparse' and 'streamOptimized' are safe`,
    );
  if (/^ *(parent|ddb\.(uuid\.parent|nativeparent))/.test(lower))
    return problem('BackingFile', `that builds on a parent file ("${shown}")`);
  if (/^ *(rw|rdonly|noaccess)\b/.test(lower))
    return problem('Extent', `with the extent line "${shown}"; only one sparse extent, the file itself, is safe`);
  return problem('Descriptor', `with the unknown descriptor line "${shown}"`);
}

function countProblems(lines: readonly Line[]): readonly FormatProblem[] {
  if (lines.some(({part}) => part === undefined)) return [];
  const count = (part: Part): number => lines.filter((line) => line.part === part).length;
  const missing = REQUIRED.filter((part) => count(part) === 0);
  const twice = (['version', 'encoding', 'isNativeSnapshot', ...REQUIRED] as const).filter((part) => count(part) > 1);
  return [
    ...missing.map((part) =>
      problem(idOf(part), `without ${part === 'extent' ? 'an extent' : part} in its descriptor`),
    ),
    ...twice.map((part) => problem(idOf(part), `with more than one ${part} in its descriptor`)),
  ];
}

function idOf(part: Part): ProblemId {
  if (part === 'createType') return 'Type';
  return part === 'extent' ? 'Extent' : 'Descriptor';
}

/** Comments and values may not hold what QEMU takes for a line of its own. */
function wordProblems(text: string, lines: readonly Line[]): readonly FormatProblem[] {
  if (text.toLowerCase().includes('parentfilenamehint') && lines.every(({part}) => part !== undefined))
    return [problem('BackingFile', 'that builds on a parent file')];
  const hidden = SOUGHT.filter((word) => {
    const line = lines.find(({part}) => part === word);
    return line !== undefined && text.indexOf(word) !== line.start;
  });
  return hidden.map((word) =>
    problem('Descriptor', `with ${word} in its descriptor in front of the line that sets it`),
  );
}

/** Header and descriptor say the same twice: a reader of only one of them must not see another disk. */
function contradictions(lines: readonly Line[], header: VmdkHeader): readonly FormatProblem[] {
  const problems: FormatProblem[] = [];
  const type = lines.find(({part}) => part === 'createType');
  if (type !== undefined && type.text.includes('streamOptimized') !== header.compressed)
    problems.push(problem('Type', 'whose createType disagrees with its header about compression'));
  const extent = lines.find(({part}) => part === 'extent');
  if (extent === undefined) return problems;
  const sectors = Number(extent.text.split(' ')[1]);
  if (sectors > header.capacity || header.capacity - sectors >= Math.max(header.grain, 1))
    problems.push(problem('Extent', `whose extent has ${sectors} sectors, while its header says ${header.capacity}`));
  return problems;
}

function problem(id: ProblemId, what: string): FormatProblem {
  return {id, message: `is VMDK ${what}`};
}

/** Digits of a CID that QEMU may save when it writes a shorter one over it. */
const MOST_LEFT = 6;

/**
 * True where nothing is behind the descriptor but what QEMU itself leaves there: it writes a new CID without leading zeros over the old one
 * and the rest of the text behind it, so that the end of the longer text stays behind the new NUL
 * (https://gitlab.com/qemu-project/qemu/-/blob/v7.2.0/block/vmdk.c: vmdk_write_cid).
 */
function isEmptyBehind(area: string, end: number): boolean {
  const next = area.indexOf('\0', end + 1);
  const left = area.slice(end + 1, next < 0 ? area.length : next);
  const isLeftByQemu = left.length <= MOST_LEFT && area.slice(0, end).endsWith(left);
  return isLeftByQemu && /^\0*$/.test(area.slice(end + 1 + left.length));
}
