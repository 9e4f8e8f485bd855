import type {ObjectReference} from '../core/object-reference.ts';
import type {ServerStamp} from './test-server-host.ts';

/** An object that has no bytes of its own to be read: a service has to make an image of it first. */
export type ComputeObject = Exclude<ObjectReference, {kind: 'image'}>;

/** What was seen of an object that can become an image. */
export interface ObjectFacts {
  readonly name?: string;
  /** Bytes of the disk. */
  readonly bytes?: number;
  /** When what is on it last changed; absent: it may change at any time. */
  readonly changedAt?: Date;
}

/** What is to be made of an object. */
export interface IntermediateRequest {
  readonly object: ComputeObject;
  /** Of everything that is made on the way; as `intermediateName` of core makes it. */
  readonly name: string;
  /** On everything that can carry it, from the create call on. */
  readonly stamp: ServerStamp;
  /** The disk may be in use. */
  readonly allowRunning: boolean;
  /** What Cinder makes of a volume; Nova decides by itself. */
  readonly format: string;
  readonly limitMs: number;
  readonly signal: AbortSignal;
}

/** An image that a service made of an object for us: private, of our project, and no image of ours. */
export interface Intermediate {
  readonly image: string;
  /** Removes the image and everything that was made for it; throws the first failure. */
  remove(): Promise<void>;
}

/** Something with our name that was made on the way to an image and may have been left behind. */
export interface ObjectLeftover {
  readonly kind: 'image' | 'volume' | 'volume-snapshot';
  readonly id: string;
  readonly name: string;
  /** The run that its name says. */
  readonly run: string;
  /** Absent on what Cinder made without one. */
  readonly stamp?: ServerStamp;
}

/**
 * What a cloud must be able to do with volumes, snapshots and servers that become images. Errors: SOURCE_REFUSED (it cannot become one as it
 * is), CONFIG (no such service, or no right), QUOTA, UNAVAILABLE, TIMEOUT, CLOUD_REFUSED, INTERRUPTED.
 */
export interface CloudObjects {
  /** Looks at an object; reads only. */
  look(object: ComputeObject, how: {readonly allowRunning: boolean}): Promise<ObjectFacts>;

  /** Has a service make an image, and returns when it is active. What was made before a failure is removed again. */
  makeImage(request: IntermediateRequest): Promise<Intermediate>;

  /** Everything of our project with the name of an intermediate, of any run; images first, then volumes, then snapshots. */
  leftovers(): Promise<readonly ObjectLeftover[]>;

  removeLeftover(leftover: ObjectLeftover): Promise<void>;
}
