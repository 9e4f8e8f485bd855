import type {ImageMember} from '../core/image/members.ts';

/** An image and one project. */
export interface Membership {
  readonly id: string;
  readonly projectId: string;
}

/** The members of images of visibility `shared`. Every method throws ImgmgrError. */
export interface ImageSharing {
  /** The ids of all projects of a domain, given by id or name. FORBIDDEN where we may not list them, NOT_FOUND where there is none. */
  projectsOf(domain: string): Promise<readonly string[]>;

  /** The members of an image; FORBIDDEN where it is not of visibility `shared`. */
  members(id: string): Promise<readonly ImageMember[]>;

  /** Adds a member, as `pending`. Twice is once. FORBIDDEN where the image is not of visibility `shared`, QUOTA where it has too many. */
  add(membership: Membership): Promise<void>;

  /** Accepts for the project; false where we may not. */
  accept(membership: Membership): Promise<boolean>;

  /** Removes a member. Twice is once. */
  remove(membership: Membership): Promise<void>;
}
