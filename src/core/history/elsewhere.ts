import type {Image} from '../image/image.ts';
import type {ImageState} from '../image/stamp.ts';
import type {OwnImage} from '../release/release.ts';
import {byCharacters} from '../order.ts';
import {readVerdict} from '../verdict/record.ts';

/** An image as a list of what runs made shows it. */
export interface MadeImage {
  readonly image: string;
  readonly name: string | null;
  readonly definition: string;
  readonly version: string;
  readonly state: ImageState;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly verdict: {readonly kind: 'pass' | 'fail'; readonly cause: string} | null;
}

/** A run as the images on a cloud tell of it, which carry its id: where and by whom it was started is not known. */
export interface RunElsewhere {
  readonly id: string;
  readonly cloud: string;
  /** When the first of its images was made, and the last of them changed; by the cloud's clock. */
  readonly firstAt: string;
  readonly lastAt: string;
  readonly definitions: readonly string[];
  /** The newest first. */
  readonly images: readonly MadeImage[];
}

/** The runs that made the images of a cloud, the newest first; images that name no run are left out. */
export function runsElsewhere(cloud: string, own: readonly OwnImage[]): readonly RunElsewhere[] {
  const byRun = Map.groupBy(
    own.filter(({stamp}) => stamp.run !== ''),
    ({stamp}) => stamp.run,
  );
  return [...byRun]
    .map(([id, made]) => runOf(id, cloud, made))
    .sort((a, b) => byCharacters(b.firstAt, a.firstAt) || byCharacters(a.id, b.id));
}

function runOf(id: string, cloud: string, made: readonly OwnImage[]): RunElsewhere {
  const images = made
    .map(({image, stamp}) => ({
      ...{image: image.id, name: image.name, createdAt: image.createdAt, updatedAt: image.updatedAt},
      ...{definition: stamp.definition, version: stamp.version, state: stamp.state, verdict: verdictOf(image)},
    }))
    .sort((a, b) => byCharacters(b.createdAt, a.createdAt) || byCharacters(a.image, b.image));
  return {
    ...{id, cloud, images},
    firstAt: images.at(-1)?.createdAt ?? '',
    lastAt: images.reduce((last, {updatedAt}) => (updatedAt > last ? updatedAt : last), ''),
    definitions: [...new Set(images.map(({definition}) => definition))].sort(byCharacters),
  };
}

function verdictOf(image: Image): MadeImage['verdict'] {
  const verdict = readVerdict(image);
  return verdict ? {kind: verdict.kind, cause: verdict.cause} : null;
}
