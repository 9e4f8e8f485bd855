import type {GuestReport} from '../core/guest-report.ts';

/** A desk that takes reports from guests: one port for reports and for the agent's download, one certificate per run. */
export interface ReportDesk {
  /** The port that it listens on. */
  readonly port: number;
  /** PEM; made for this run, pinned by the guests. */
  readonly certificate: string;
  /** The name in the certificate. */
  readonly serverName: string;
  /** Hexadecimal sha256 of each agent that is handed out, by machine as `uname -m` prints it (`x86_64`, `aarch64`). */
  readonly agents: Readonly<Record<string, string>>;
  /** The clock by which guests are told the time, milliseconds since 1970. */
  now(): number;
  /** Expects one report; the ticket's token is new and random. */
  issue(run: string): Ticket;
  /** Ends all connections and tickets; safe to call twice. */
  close(): Promise<void>;
}

/** The wait for one guest's report. */
export interface Ticket {
  /** 64 hexadecimal digits. */
  readonly token: string;
  /** The report must name this server; reports that come before are kept waiting until it is known. */
  expectServer(id: string): void;
  /** Settles with the accepted report; rejects with INTERRUPTED when the desk is closed or the ticket withdrawn. */
  readonly report: Promise<GuestReport>;
  /** Settles when the agent says hello for the first time; never, if it does not. */
  readonly greeted: Promise<void>;
  /** What else was seen, for the verdict's cause. */
  seen(): TicketTrace;
  /** No report is expected any more; the token is worth nothing from now on. */
  withdraw(): void;
}

/** What reached the desk on behalf of one ticket. */
export interface TicketTrace {
  /** Somebody fetched an agent with this ticket's token. */
  readonly agentFetched: boolean;
  /** The agent said hello. */
  readonly hello: boolean;
  /** Reports and calls that were refused, with the reason; at most 20 are kept. */
  readonly refused: readonly string[];
}

/** Opens a desk. CONFIG when the address cannot be bound or no agent is there to hand out; LOCKED when all ports of a range are taken. */
export type OpenReportDesk = (request: {
  readonly bind: string;
  /** 0: any free port. */
  readonly port: number;
  /** The end of a range, of which the first free port is taken; absent: `port` alone. */
  readonly lastPort?: number;
  /** Addresses and names by which guests call; they stand in the certificate. */
  readonly names: readonly string[];
}) => Promise<ReportDesk>;
