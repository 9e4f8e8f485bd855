import type {Socket} from 'node:net';

/** How many connections may be there at once, and how long one may last that has not shown a right token, ms. */
export interface ConnectionLimits {
  /** Those that have not sent a whole TLS greeting; each costs a file descriptor and little else. */
  readonly silent: number;
  /** Those that have, without the mark of a ticket. */
  readonly strangers: number;
  /** Those of one ticket: they bear its mark, or have shown its token. */
  readonly perTicket: number;
  readonly unauthenticatedMs: number;
  /** How many strangers a second may begin their TLS handshake, which costs much more than a greeting. */
  readonly handshakesPerSecond: number;
}

/** Handshakes are counted out this often. */
const TICK_MS = 50;

/** An agent that has connected greets after one way through the network and back. */
const GREETING_MS = 100;

interface Connection {
  readonly socket: Socket;
  readonly address: string;
  readonly timer: NodeJS.Timeout;
  /** When it came, milliseconds. */
  readonly sinceMs: number;
  room: Room;
  authenticated: boolean;
  /** Begins the handshake of a stranger that waits for its turn among the silent. */
  begin?: () => void;
}

/** Where a connection has its place, oldest first. */
type Room = Set<Connection>;

/**
 * The connections of a desk. Each has a place in one of the rooms: the silent, the strangers, or that of a ticket. A full room gives up one
 * of its own, so that no flood takes places from another room: among the silent and the strangers one of the address that has most of
 * them, the oldest that could have greeted long ago, else a random one (by age alone nobody would live long enough for a handshake under a
 * fast flood); in a ticket's room the oldest that has not shown the token. The mark decides about places only, never about trust. Strangers that have greeted wait among the silent until it
 * is their turn for a handshake; whose turn it is, is drawn: first the address, then one of its connections.
 */
export class Connections {
  readonly #limits: ConnectionLimits;
  readonly #random: () => number;
  readonly #now: () => number;
  /** By `ADDRESS:PORT`. */
  readonly #open = new Map<string, Connection>();
  readonly #silent: Room = new Set();
  readonly #strangers: Room = new Set();
  readonly #tickets = new Map<object, Room>();
  /** Strangers that wait for their turn. */
  readonly #waiting: Room = new Set();
  /** Handshakes that may begin now. */
  #turns: number;
  #clock: NodeJS.Timeout | undefined;

  /** `random`: as Math.random; `now`: milliseconds, never back. */
  constructor(limits: ConnectionLimits, random = Math.random, now = (): number => performance.now()) {
    this.#limits = limits;
    this.#random = random;
    this.#now = now;
    this.#turns = this.#mostTurns;
  }

  /** How many are there. */
  get size(): number {
    return this.#open.size;
  }

  /** Takes a new connection, among the silent. */
  add(socket: Socket): void {
    const address = socket.remoteAddress ?? '';
    // A reset is no news, and without a listener it would end the process.
    socket.on('error', () => undefined);
    if (address === '') return void socket.destroy();
    const peer = `${address}:${socket.remotePort}`;
    if (this.#silent.size >= this.#limits.silent) this.#dropAny(this.#silent);
    const timer = setTimeout(() => socket.destroy(), this.#limits.unauthenticatedMs);
    timer.unref();
    const sinceMs = this.#now();
    const connection: Connection = {socket, address, timer, sinceMs, room: this.#silent, authenticated: false};
    this.#silent.add(connection);
    this.#open.set(peer, connection);
    socket.once('close', () => {
      this.#leave(connection);
      if (this.#open.get(peer) === connection) this.#open.delete(peer);
    });
  }

  /** That `ADDRESS:PORT` has sent its TLS greeting, with the mark of that ticket or without any; `begin` is called when it is its turn. */
  greeted(peer: string, ticket: object | undefined, begin: () => void): void {
    const connection = this.#open.get(peer);
    if (!connection || connection.room !== this.#silent) return;
    if (ticket) {
      this.#moveTo(connection, ticket);
      begin();
      return;
    }
    connection.begin = begin;
    this.#waiting.add(connection);
    this.#callIn();
  }

  /** That `ADDRESS:PORT` has shown the token of that ticket. */
  authenticate(peer: string, ticket: object): void {
    const connection = this.#open.get(peer);
    if (!connection) return;
    connection.authenticated = true;
    clearTimeout(connection.timer);
    if (connection.room !== this.#tickets.get(ticket)) this.#moveTo(connection, ticket);
  }

  /** Ends all of them. */
  destroyAll(): void {
    clearInterval(this.#clock);
    this.#clock = undefined;
    for (const {socket} of this.#open.values()) socket.destroy();
  }

  get #mostTurns(): number {
    return Math.max(1, Math.ceil((this.#limits.handshakesPerSecond * TICK_MS) / 1000));
  }

  /** Lets strangers in, as many as may begin now; the others wait for the next tick. */
  #callIn(): void {
    while (this.#turns > 0 && this.#waiting.size > 0) this.#letIn(this.#drawn());
    if (this.#turns < this.#mostTurns) this.#clock ??= setInterval(() => this.#tick(), TICK_MS).unref();
  }

  #tick(): void {
    this.#turns = this.#mostTurns;
    if (this.#waiting.size === 0) {
      clearInterval(this.#clock);
      this.#clock = undefined;
      return;
    }
    this.#callIn();
  }

  #letIn(connection: Connection | undefined): void {
    if (!connection) return;
    this.#turns -= 1;
    this.#waiting.delete(connection);
    if (this.#strangers.size >= this.#limits.strangers) this.#dropAny(this.#strangers);
    this.#move(connection, this.#strangers);
    connection.begin?.();
  }

  #drawn(): Connection | undefined {
    const byAddress = [...Map.groupBy(this.#waiting, ({address}) => address).values()];
    const one = byAddress[Math.floor(this.#random() * byAddress.length)] ?? [];
    return one[Math.floor(this.#random() * one.length)];
  }

  #moveTo(connection: Connection, ticket: object): void {
    const room: Room = this.#tickets.get(ticket) ?? new Set();
    this.#tickets.set(ticket, room);
    if (room.size >= this.#limits.perTicket)
      this.#drop([...room].find(({authenticated}) => !authenticated) ?? [...room][0]);
    this.#move(connection, room);
  }

  #move(connection: Connection, room: Room): void {
    connection.room.delete(connection);
    connection.room = room;
    room.add(connection);
  }

  /** Of the address that has most places, the oldest that has not greeted though it could have, else a random one. */
  #dropAny(room: Room): void {
    const byAddress = Map.groupBy(room, ({address}) => address).values();
    const most = [...byAddress].reduce((a, b) => (b.length > a.length ? b : a), []);
    const late = this.#now() - GREETING_MS;
    const mute = room === this.#silent ? most.find(({begin, sinceMs}) => !begin && sinceMs < late) : undefined;
    this.#drop(mute ?? most[Math.floor(this.#random() * most.length)]);
  }

  #drop(connection: Connection | undefined): void {
    if (!connection) return;
    this.#leave(connection);
    connection.socket.destroy();
  }

  #leave(connection: Connection): void {
    clearTimeout(connection.timer);
    connection.room.delete(connection);
    this.#waiting.delete(connection);
    for (const [ticket, room] of this.#tickets) if (room.size === 0) this.#tickets.delete(ticket);
  }
}
