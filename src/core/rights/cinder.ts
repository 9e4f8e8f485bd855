import type {PolicyRule} from './rule.ts';
import {OWN} from './rule.ts';

const MEMBER = 'rule:xena_system_admin_or_project_member';
const READER = 'rule:xena_system_admin_or_project_reader';

/** https://opendev.org/openstack/cinder/src/branch/master/cinder/policies/volumes.py; attachments are what Nova asks for with our token. */
export const CINDER_RULES: readonly PolicyRule[] = [
  {
    name: 'volume:create',
    default: MEMBER,
    target: OWN,
    need: {only: 'test servers boot from volumes'},
    why: 'make a volume',
    calls: ['POST /volumes'],
  },
  {
    name: 'volume:create_from_image',
    default: MEMBER,
    target: OWN,
    need: {only: 'test servers boot from volumes'},
    why: 'from the image',
    calls: ['POST /volumes'],
  },
  {
    name: 'volume:get',
    default: READER,
    target: OWN,
    need: {only: 'test servers boot from volumes'},
    why: 'look at it',
    calls: ['GET /volumes/*'],
  },
  {
    name: 'volume:get_all',
    default: READER,
    target: OWN,
    need: {only: 'test servers boot from volumes'},
    why: 'find it again',
    calls: ['GET /volumes/detail'],
  },
  {
    name: 'volume:delete',
    default: MEMBER,
    target: OWN,
    need: {only: 'test servers boot from volumes'},
    why: 'remove it',
    calls: ['DELETE /volumes/*'],
  },
  {
    name: 'volume:attachment_create',
    default: MEMBER,
    target: OWN,
    need: {only: 'test servers boot from volumes'},
    why: 'Nova attaches it',
    calls: [],
  },
  {
    name: 'volume:attachment_update',
    default: MEMBER,
    target: OWN,
    need: {only: 'test servers boot from volumes'},
    why: 'Nova attaches it',
    calls: [],
  },
  {
    name: 'volume:attachment_complete',
    default: MEMBER,
    target: OWN,
    need: {only: 'test servers boot from volumes'},
    why: 'Nova attaches it',
    calls: [],
  },
  {
    name: 'volume:attachment_delete',
    default: MEMBER,
    target: OWN,
    need: {only: 'test servers boot from volumes'},
    why: 'Nova lets it go',
    calls: [],
  },
];
