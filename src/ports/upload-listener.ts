import type {Readable} from 'node:stream';

/** How somebody else's upload is taken. */
export interface UploadRequest {
  readonly bind: string;
  /** 0: any free port. */
  readonly port: number;
  readonly lastPort?: number;
  /** Under which address others reach it; absent: {@link bind}, or an address of this host. */
  readonly advertise?: {readonly host: string; readonly port?: number};
  /** An upload that announces more bytes is refused. */
  readonly maxBytes: number;
}

/** Bytes that somebody else sends; who sends them waits for the verdict. */
export interface Upload {
  readonly bytes: Readable;
  /** Where they come from. */
  readonly peer: string;
  /** Bytes so far. */
  received(): number;
  /** Answers the sender, once: taken, or refused with that sentence. What is said later counts no more. */
  answer(verdict: {readonly taken: boolean; readonly text: string}): void;
}

/** A listener for one upload. */
export interface UploadListener {
  /** What the sender has to run, with a secret address: to be shown once, and to be written nowhere else. */
  readonly command: string;
  /** What must be printed nowhere else. */
  readonly secrets: readonly string[];
  /** Where it listens; no secret. */
  readonly place: string;
  /** The upload, as soon as it has begun. */
  readonly upload: Promise<Upload>;
  close(): Promise<void>;
}

/** Opens a listener for one upload: USAGE, LOCKED. */
export type OpenUploadListener = (request: UploadRequest) => Promise<UploadListener>;
