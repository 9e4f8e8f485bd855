import type {Socket} from 'node:net';

/** How many connections may be there at once, and how long one may last that has not shown a right token, ms. */
export interface ConnectionLimits {
  readonly total: number;
  readonly perAddress: number;
  readonly unprovenMs: number;
}

interface Connection {
  readonly socket: Socket;
  readonly address: string;
  readonly timer: NodeJS.Timeout;
  proven: boolean;
}

/**
 * The connections of a desk. When there are too many, the oldest that has proven nothing makes room, so that neither scanners nor
 * silent connections keep a guest out; a new one is turned away only where all others have proven themselves.
 */
export class Connections {
  readonly #limits: ConnectionLimits;
  /** By `ADDRESS:PORT`, oldest first. */
  readonly #open = new Map<string, Connection>();

  constructor(limits: ConnectionLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#open.size;
  }

  add(socket: Socket): void {
    const address = socket.remoteAddress ?? '';
    const peer = `${address}:${socket.remotePort}`;
    // A reset is no news, and without a listener it would end the process.
    socket.on('error', () => undefined);
    const isRoom =
      this.#makeRoom(this.#limits.perAddress, (other) => other.address === address) &&
      this.#makeRoom(this.#limits.total, () => true);
    if (!isRoom || address === '') return void socket.destroy();
    const timer = setTimeout(() => socket.destroy(), this.#limits.unprovenMs);
    timer.unref();
    const connection: Connection = {socket, address, timer, proven: false};
    this.#open.set(peer, connection);
    socket.once('close', () => {
      clearTimeout(timer);
      if (this.#open.get(peer) === connection) this.#open.delete(peer);
    });
  }

  /** That `ADDRESS:PORT` has shown a right token. */
  prove(peer: string): void {
    const connection = this.#open.get(peer);
    if (!connection) return;
    connection.proven = true;
    clearTimeout(connection.timer);
  }

  destroyAll(): void {
    for (const {socket} of this.#open.values()) socket.destroy();
  }

  #makeRoom(limit: number, counts: (other: Connection) => boolean): boolean {
    const others = [...this.#open].filter(([, other]) => counts(other));
    if (others.length < limit) return true;
    const oldest = others.find(([, other]) => !other.proven);
    if (!oldest) return false;
    const [peer, {socket, timer}] = oldest;
    this.#open.delete(peer);
    clearTimeout(timer);
    socket.destroy();
    return true;
  }
}
