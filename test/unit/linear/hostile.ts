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
  ];
}
