import {z} from 'zod';

/** What names a thing in the path of a call, and in the names of our files: OpenStack's ids are UUIDs; nothing else than such characters leads elsewhere. */
export const resourceId = z
  .string()
  .regex(/^(?!\.{1,2}$)[\w.~-]{1,255}$/, {error: 'is no id: letters, digits and . _ ~ - are expected'});
