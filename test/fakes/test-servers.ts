import type {ServerState} from '../../src/core/verdict/judge.ts';
import type {ReportDesk, Ticket, TicketTrace} from '../../src/ports/report-desk.ts';
import type {
  ServerAbility,
  ServerLeftover,
  ServerNeeds,
  ServerPlacement,
  ServerRequest,
  TestServer,
  TestServerHost,
} from '../../src/ports/test-server-host.ts';
import type {GuestReport} from '../../src/core/guest-report.ts';
import type {Job} from '../../src/core/job.ts';
import {CHECKS} from '../../src/core/verdict/checks.ts';
import {ImgmgrError} from '../../src/errors.ts';

/** What a guest does with its job; by default it reports that all is well. */
export type Guest = (guest: {
  readonly job: Job;
  readonly request: ServerRequest;
  readonly server: TestServer;
  readonly ticket: FakeTicket;
}) => void;

/** A report in which every check passed. */
export function goodReport(server: string, bad: readonly string[] = []): GuestReport {
  return {
    agentVersion: '0.1.0',
    server,
    checks: CHECKS.map(({id}) => ({id, outcome: bad.includes(id) ? 'fail' : 'pass', detail: `${id} looked at`, ms: 1})),
    facts: {},
    waitedMs: 10,
    checkedMs: 20,
  };
}

/** A desk without a network. */
export class FakeDesk implements ReportDesk {
  readonly port = 4242;
  readonly certificate = 'PEM';
  readonly serverName = 'imgmgr.invalid';
  readonly agents = {x86_64: 'ab'.repeat(32)};
  readonly tickets: FakeTicket[] = [];
  closed = false;

  now(): number {
    return 1_700_000_000_000;
  }

  issue(run: string): FakeTicket {
    const ticket = new FakeTicket(run, `${this.tickets.length}`.padStart(64, '0'));
    this.tickets.push(ticket);
    return ticket;
  }

  close(): Promise<void> {
    this.closed = true;
    for (const ticket of this.tickets) ticket.withdraw();
    return Promise.resolve();
  }
}

export class FakeTicket implements Ticket {
  readonly run: string;
  readonly token: string;
  readonly report: Promise<GuestReport>;
  readonly greeted: Promise<void>;
  trace: TicketTrace = {agentFetched: false, hello: false, refused: []};
  withdrawn = false;
  server: string | undefined;
  #greet: () => void = () => undefined;
  #keepNewest: {readonly resolve: (report: GuestReport) => void; readonly reject: (error: Error) => void} | undefined;

  constructor(run: string, token: string) {
    this.run = run;
    this.token = token;
    this.report = new Promise((resolve, reject) => (this.#keepNewest = {resolve, reject}));
    this.report.catch(() => undefined);
    this.greeted = new Promise((resolve) => (this.#greet = resolve));
  }

  greet(): void {
    this.#greet();
  }

  expectServer(id: string): void {
    this.server = id;
  }

  hear(report: GuestReport): void {
    this.#keepNewest?.resolve(report);
  }

  seen(): TicketTrace {
    return this.trace;
  }

  withdraw(): void {
    this.withdrawn = true;
    this.#keepNewest?.reject(new ImgmgrError('INTERRUPTED', 'withdrawn'));
  }
}

/** Test servers without a cloud: each does at once what its guest is told to. */
export class FakeTestServers implements TestServerHost {
  readonly desk: FakeDesk;
  readonly requests: ServerRequest[] = [];
  readonly jobs: Job[] = [];
  readonly alive = new Map<string, TestServer>();
  readonly removed: string[] = [];
  left: ServerLeftover[] = [];
  guest: Guest = ({server, ticket}) => ticket.hear(goodReport(server.id));
  able: ServerAbility = {kind: 'able'};
  looks: (server: TestServer) => ServerState = () => ({kind: 'active'});
  text: string | undefined = 'login: ';
  where: Partial<ServerPlacement> = {};
  faults: Partial<Record<'place' | 'start' | 'remove' | 'console' | 'removeLeftover', ImgmgrError>> = {};
  closed = false;

  constructor(desk: FakeDesk) {
    this.desk = desk;
  }

  ability(): Promise<ServerAbility> {
    return Promise.resolve(this.able);
  }

  place({root}: Partial<ServerNeeds> = {}): Promise<ServerPlacement> {
    this.#trip('place');
    return Promise.resolve({
      flavor: {id: 'f1', name: 'small', vcpus: 1, ramMib: 512, diskGib: 3},
      network: {id: 'n1', name: 'net'},
      diskBytes: 3 * 1024 ** 3,
      datasources: ['metadata', 'config-drive'],
      ...(root !== undefined && {root}),
      ...this.where,
    });
  }

  callback(): Promise<{host: string; bind: string}> {
    return Promise.resolve({host: '192.0.2.1', bind: '0.0.0.0'});
  }

  start(request: ServerRequest): Promise<TestServer> {
    this.#trip('start');
    this.requests.push(request);
    const interfaces = [{mac: 'fa:16:3e:00:00:01', addresses: ['192.0.2.50']}];
    const server = {id: `server-${this.requests.length}`, name: request.name, interfaces, port: 'port-1'};
    this.alive.set(server.id, server);
    const text = request.userData(interfaces);
    if (text === '') return Promise.resolve(server);
    const job = JSON.parse(text) as Job;
    this.jobs.push(job);
    const ticket = this.desk.tickets.find(({token}) => token === job.token);
    if (!ticket) throw new Error('the job has a token that nobody issued');
    this.guest({job, request, server, ticket});
    return Promise.resolve(server);
  }

  look(server: TestServer): Promise<ServerState> {
    return Promise.resolve(this.alive.has(server.id) ? this.looks(server) : {kind: 'gone'});
  }

  console(): Promise<string | undefined> {
    this.#trip('console');
    return Promise.resolve(this.text);
  }

  remove({id}: TestServer): Promise<void> {
    this.#trip('remove');
    this.alive.delete(id);
    this.removed.push(id);
    return Promise.resolve();
  }

  leftovers(): Promise<readonly ServerLeftover[]> {
    return Promise.resolve(this.left);
  }

  removeLeftover({id}: ServerLeftover): Promise<void> {
    this.#trip('removeLeftover');
    this.left = this.left.filter((other) => other.id !== id);
    this.removed.push(id);
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }

  #trip(what: keyof FakeTestServers['faults']): void {
    const fault = this.faults[what];
    if (fault) throw fault;
  }
}
