/** Something of a cloud that can become an image. `cloud`: the entry of clouds.yaml that has it; absent: the cloud that is worked on. */
export type ObjectReference =
  | {readonly kind: 'image'; readonly id: string; readonly cloud?: string}
  | {readonly kind: 'volume' | 'volume-snapshot' | 'server'; readonly id: string};

/** What the bytes of an image come from: an address that gives a stream of them, or an object of a cloud that first has to become one. */
export type Origin =
  {readonly kind: 'stream'; readonly url: string} | {readonly kind: 'object'; readonly object: ObjectReference};

const INTERMEDIATE = /^imgmgr-tmp-(.{36})-/;
const LONGEST_CLOUD = 255;
const OBJECT = /^(image|volume|volume-snapshot|server):(?!\/)/i;
const ID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;
const CLOUD = /^[^\s@/]+$/;

/** The kind of what is meant as an object of a cloud, be it well-formed or not; undefined for anything else. */
export function objectKind(url: string): ObjectReference['kind'] | undefined {
  const named = OBJECT.exec(url)?.[1]?.toLowerCase();
  return (['image', 'volume', 'volume-snapshot', 'server'] as const).find((kind) => kind === named);
}

/** Reads `image:ID[@CLOUD]`, `volume:ID`, `volume-snapshot:ID` and `server:ID`; undefined for anything else. Ids are UUIDs. */
export function parseObjectReference(url: string): ObjectReference | undefined {
  const kind = objectKind(url);
  if (kind === undefined) return undefined;
  const [id = '', cloud, ...more] = url.slice(kind.length + 1).split('@');
  if (!ID.test(id) || more.length > 0) return undefined;
  if (cloud === undefined) return {kind, id};
  return kind === 'image' && CLOUD.test(cloud) && cloud.length <= LONGEST_CLOUD ? {kind, id, cloud} : undefined;
}

/** The reference as it is written, with the cloud that has it. */
export function formatObjectReference({kind, id}: ObjectReference, cloud: string): string {
  return `${kind}:${id}@${cloud}`;
}

/** What an address leads to. What only looks like an object is an address, which no source reads. */
export function originOf(url: string): Origin {
  const object = parseObjectReference(url);
  return object ? {kind: 'object', object} : {kind: 'stream', url};
}

/** The name of what a service makes for a run on the way from an object to an image; `part` tells several of a run apart. */
export function intermediateName(run: string, part: string): string {
  return `imgmgr-tmp-${run}-${part}`;
}

/** The run in the name of an intermediate; undefined for any other name. Runs have UUIDs. */
export function runOfIntermediate(name: string): string | undefined {
  return INTERMEDIATE.exec(name)?.[1];
}
