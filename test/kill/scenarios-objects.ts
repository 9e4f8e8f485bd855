import type {FakeCloud} from '../fakes/fake-cloud.ts';
import {bytesOf} from './place.ts';
import type {Scenario} from './scenarios.ts';
import {END, PUBLIC} from './scenarios.ts';
import {numbered} from './scenarios-refusals.ts';

const VOLUME = '0f4d3c52-7f0a-4a57-9b0e-5d3a1c2b4e01';
const SNAPSHOT = '0f4d3c52-7f0a-4a57-9b0e-5d3a1c2b4e02';
const SERVER = '0f4d3c52-7f0a-4a57-9b0e-5d3a1c2b4e03';

/** A volume, a snapshot of it and a server, which boots from the volume unless it was booted from an image. */
function objects({fromVolume = false}: {readonly fromVolume?: boolean} = {}): (cloud: FakeCloud) => void {
  return ({compute, accounts}) => {
    const {projectId} = accounts.admin;
    const usual = {projectId, metadata: {}, status: 'available', looksLeft: 0};
    compute.diskBytes = bytesOf('1');
    compute.volumes.push({
      ...{...usual, id: VOLUME, name: 'a disk', sizeGib: 1, imageId: ''},
      ...(fromVolume && {status: 'in-use', usedBy: [SERVER]}),
    });
    compute.snapshots.push({...usual, id: SNAPSHOT, name: 'then', volumeId: VOLUME});
    const server = {id: SERVER, name: 'golden', projectId, status: 'SHUTOFF'};
    compute.servers.push({...server, ...(fromVolume ? {volumeId: VOLUME} : {imageId: 'i-1'})});
  };
}

/** What is written once the intermediate image is there; it goes before the copy is published. */
const COPIED = ['POST image', 'PUT stage', 'POST import', 'DELETE image'];
const PUBLISHED = ['PATCH image', ...END];
const OF_SNAPSHOT = ['POST volumes', 'POST volumes/action'];

/** The way with the most intermediates. */
const OF_BOOT_VOLUME: Scenario = {
  what: 'import of a server that boots from a volume',
  before: [],
  hasVolumes: true,
  behaviour: objects({fromVolume: true}),
  disturbed: {address: `server:${SERVER}`, flags: numbered('1')},
  writes: [
    ...[...PUBLIC, 'POST snapshots', ...OF_SNAPSHOT, ...COPIED],
    ...['DELETE volumes', 'DELETE snapshots', ...PUBLISHED],
  ],
  refusedOnceDone: 'CONFLICT',
};

/** Images of what a cloud has; the intermediates of a dead import are removed by the next one. */
export const IMPORTS_OF_OBJECTS: readonly Scenario[] = [
  {
    what: 'import of a volume',
    before: [],
    hasVolumes: true,
    behaviour: objects(),
    disturbed: {address: `volume:${VOLUME}`, flags: numbered('1')},
    writes: [...PUBLIC, 'POST volumes/action', ...COPIED, ...PUBLISHED],
    refusedOnceDone: 'CONFLICT',
  },
  {
    what: 'import of a snapshot of a volume',
    before: [],
    hasVolumes: true,
    behaviour: objects(),
    disturbed: {address: `volume-snapshot:${SNAPSHOT}`, flags: numbered('1')},
    writes: [...PUBLIC, ...OF_SNAPSHOT, ...COPIED, 'DELETE volumes', ...PUBLISHED],
    refusedOnceDone: 'CONFLICT',
  },
  {
    what: 'import of a server that was booted from an image',
    before: [],
    hasVolumes: true,
    behaviour: objects(),
    disturbed: {address: `server:${SERVER}`, flags: numbered('1')},
    writes: [...PUBLIC, 'POST servers/action', ...COPIED, ...PUBLISHED],
    refusedOnceDone: 'CONFLICT',
  },
  OF_BOOT_VOLUME,
  {
    ...OF_BOOT_VOLUME,
    what: 'import of a server that boots from a volume; the next one, on another host, finds services that are still at work',
    behaviour: (cloud) => {
      objects({fromVolume: true})(cloud);
      cloud.compute.diskMs = 1500;
    },
    nextRunElsewhere: true,
  },
];
