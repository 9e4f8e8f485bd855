/** What makes careless patterns run over the same characters again and again. */
const UNITS: Readonly<Record<string, string>> = {
  newlines: '\n',
  'carriage returns': '\r',
  blanks: ' ',
  tabs: '\t',
  'blank and newline': ' \n',
  NUL: '\0',
  ESC: '\u001b',
  'beginnings of escape sequences': '\u001b[0;',
  'titles without end': '\u001b]0;',
  'one long word': 'a',
  digits: '1',
  'hexadecimal digits': '0f',
  'equal signs': '=',
  'quotation marks': '"',
  apostrophes: "'",
  slashes: '/',
  '://': '://',
  'question marks': '?',
  brackets: '<',
  'headings without end': '</h1>',
  hyphens: 'a-',
  'words for secrets': 'token ',
  'a prompt that is none': '\n grub rescue',
  'alerts without end': 'ALERT! ',
  'tries without end': 'imgmgr: curl failed with code ',
  'processes without end': 'Killed process 1',
  'cloud-init lines': 'cloud-init[1]:',
  'rows without end': 'ci-info: |  ',
  'rows of a table': 'ci-info: | eth0 | True | . |\n',
  'BSD digests without end': 'SHA256 (',
  'closing brackets': ') = ',
  'variables without end': '${a:-',
  'variables in braces': '${a}',
  'exports of one variable': 'export A=1\n',
  'assignments without end': 'a=b ',
  'BSD digests with two ends': ')=',
  'marks in the wrong order': '\u0301\u0327',
  'entries of a list': '- ',
  'entries on lines of their own': '- a\n',
  'lists in lists': '[',
  'maps in maps': '{a: ',
  'keys without a value': '? ',
  'lines of a map': 'a: b\n',
  anchors: '&a ',
  aliases: '*a ',
  tags: '!t ',
  'blocks without lines': '|\n',
  documents: '---\n',
  commas: ',',
  semicolons: ';',
  backslashes: '\\',
  'escapes of URLs': '%41',
  'progress of qemu-img': '(1.0',
  'fields of a VMDK': 'CID=1\n',
  'names of a record': '00000001.',
  'U+2028': '\u2028',
  'high characters': '\u{10ffff}',
  'lone surrogates': '\ud800',
  'U+FFFE': '\ufffe',
};

/** Texts of that many characters, each with its name. */
export function hostileTexts(length: number): readonly (readonly [string, string])[] {
  const whole = (head: string, rest: string): string => head + rest.repeat(Math.ceil(length / rest.length));
  return [
    ...Object.entries(UNITS).map(([name, unit]): [string, string] => [name, whole('', unit)]),
    ['token, then blanks', whole('token', ' ')],
    ['password:, then blanks', whole('password:', ' ')],
    ['a digest, then blanks', whole('0'.repeat(64), ' ')],
    ['a heading, then blanks', whole('<html></h1>', ' ')],
    ['a URL of question marks', whole('https://host/', '?')],
    ['a BSD digest with two ends', `${whole('SHA256 (', ')=')} x`],
    ['anchors, each another', numbered(length, (at) => `- &k${at} 1\n`)],
    ['exports, each another', numbered(length, (at) => `export A${at}=1\n`)],
  ];
}

function numbered(length: number, line: (at: number) => string): string {
  let text = '';
  for (let at = 0; text.length < length; at += 1) text += line(at);
  return text;
}
