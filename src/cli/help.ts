import type {Command} from 'commander';
import {Help} from 'commander';
import {didYouMean} from '../core/nearest.ts';
import {ImgmgrError} from '../errors.ts';
import {EXIT_CODES} from './exit-codes.ts';
import type {Io} from './io.ts';

/** What `imgmgr` alone prints. */
export const SHORT_HELP = `imgmgr keeps the public images of an OpenStack cloud fresh, described, tested and tidy.

  imgmgr dry-run --cloud NAME     what would be done, nothing is changed
  imgmgr manage --cloud NAME      make the cloud match the definitions
  imgmgr import URL|FILE|-        bring one image into the cloud
  imgmgr hide | delete            what is superseded

No cloud at hand? --cloud local keeps images in a folder of this machine.
More: imgmgr --help, imgmgr <command> --help, imgmgr help exit-codes
`;

/** `imgmgr help [command|topic]`. */
export function addHelp(program: Command, io: Pick<Io, 'stdout'>): void {
  program.helpCommand(false);
  program
    .command('help')
    .argument('[topic]', 'a command, a rule, or: exit-codes, environment, rules')
    .description('help on a command, a rule of the audit, or a topic')
    .action(async (topic: string | undefined) => printHelp(program, topic, io));
}

/** The same as `--help` of the command; examples included. */
async function printHelp(program: Command, topic: string | undefined, io: Pick<Io, 'stdout'>): Promise<void> {
  const command = topic === undefined ? program : program.commands.find((candidate) => candidate.name() === topic);
  if (command === undefined) io.stdout.write(await textOn(program, topic ?? ''));
  else command.outputHelp();
}

async function textOn(program: Command, topic: string): Promise<string> {
  const text = Object.hasOwn(TOPICS, topic) ? TOPICS[topic] : undefined;
  if (text !== undefined) return text();
  const [{describeRule}, {RULE_IDS}] = await Promise.all([
    import('../core/rules/describe.ts'),
    import('../core/rules/ids.ts'),
  ]);
  const rule = describeRule(topic);
  if (rule !== undefined) return rule;
  const commands = program.commands.map((candidate) => candidate.name());
  const near = didYouMean(topic, [...commands, ...Object.keys(TOPICS), ...RULE_IDS]);
  throw new ImgmgrError('USAGE', `there is no help on "${topic}"`, {
    hint: near ?? `topics: ${Object.keys(TOPICS).join(', ')}; imgmgr --help lists the commands`,
  });
}

/** The end of `imgmgr --help`. */
export const TOPICS_HELP = `
Topics:
  imgmgr help exit-codes     what each exit code means
  imgmgr help environment    the variables that imgmgr reads
  imgmgr help rules          the rules of validate; imgmgr help RULE explains one
  imgmgr COMMAND --help      the flags that people use; --help-all: every flag
`;

/** The narrowest text that is wrapped. */
export const LEAST_COLUMNS = 20;

/** As many columns beside the terms as a description needs. */
const BESIDE_COLUMNS = 40;

/** As commander has it, but where too little room is left beside the terms for words to stay whole, descriptions stand below them. */
export function formatItem(this: Help, ...given: Parameters<Help['formatItem']>): string {
  const [term, termWidth, description, helper] = given;
  const columns = helper.helpWidth ?? 80;
  if (description === '' || columns - termWidth - 4 >= BESIDE_COLUMNS)
    return Help.prototype.formatItem.apply(this, given);
  const lines = helper.boxWrap(description, Math.max(LEAST_COLUMNS, columns - 6)).split('\n');
  return [`  ${term}`, ...lines.map((line) => `      ${line}`)].join('\n');
}

/** What `help` explains besides commands and rules: a heading, then lines of a term and what it means, two blanks or more between them. */
export const TOPICS: Readonly<Record<string, () => string | Promise<string>>> = {
  'exit-codes': exitCodes,
  environment: () => ENVIRONMENT,
  rules: async () => (await import('../core/rules/describe.ts')).listRules(),
};

/** Their names. */
export const TOPIC_NAMES: readonly string[] = Object.keys(TOPICS);

function exitCodes(): string {
  const byNumber = [...EXIT_CODES].sort((a, b) => a.code - b.code);
  const lines = byNumber.map(({code, meaning}) => `  ${String(code).padStart(3)}  ${meaning}`);
  const order = EXIT_CODES.map(({code}) => code).join(', ');
  return `Exit codes\n\n${lines.join('\n')}\n\nSeveral at once: ${order}, the first that applies.\n`;
}

const ENVIRONMENT = `Environment

  OS_CLOUD                  the cloud to use when --cloud is not given
  OS_REGION_NAME            the region to work in when --region is not given
  OS_CLIENT_CONFIG_FILE     clouds.yaml; else ./, ~/.config/openstack, /etc/openstack
  OS_*                      a full set of credentials, used only when no cloud is named
  IMGMGR_IMAGES             definitions, when --images is not given; else ./images, or as below
  IMGMGR_LOCAL              folder of --cloud local; else $XDG_DATA_HOME/imgmgr/local
  IMGMGR_BUILD_DIR          folder for builds and conversions; else /var/tmp
  IMGMGR_DIB                disk-image-create, or the virtual environment that has it; else on the PATH
  IMGMGR_AGENTS             folder of the guest agents; else dist/agent
  IMGMGR_RUN_ID, IMGMGR_REQUESTED_BY   set by imgmgr serve for the runs that it starts
  JOB_COMPLETION_INDEX      which shard --shard auto/N is, from 0; set by Kubernetes
  XDG_CONFIG_HOME           definitions (imgmgr/images) and settings (imgmgr/imgmgr.yml) of the user; else ~/.config
  XDG_STATE_HOME            evidence, logs, built images, caches; else /var/lib for root, ~/.local/state
  HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY   proxies for sources and clouds
  IMGMGR_SOURCE_PROXY=off   sources are reached without them
  IMGMGR_CLOUD_PROXY=off    clouds are reached without them
  NO_COLOR, FORCE_COLOR, CI, TERM=dumb   colour and spinners
`;
