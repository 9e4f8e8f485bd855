import type {ImageBuilder} from '../ports/image-builder.ts';
import type {ImageSource} from '../ports/image-source.ts';
import type {ReleaseFinder} from '../ports/release-finder.ts';
import {findBuild} from './build.ts';
import {findLatest} from './latest.ts';
import {findListed} from './listed.ts';

/** What releases are found with. */
export interface FinderParts {
  /** Reads upstream digests and files. */
  readonly source: ImageSource;
  /** Absent where builds are left out. */
  readonly builder?: ImageBuilder;
}

/** The finder of all kinds: each version and each build is found by the module of its kind. */
export function createFinder({source, builder}: FinderParts): ReleaseFinder {
  return {
    async find(request) {
      const {definition} = request;
      if (definition.build) return [await findBuild(request, builder)];
      return Promise.all(
        definition.versions.map(async (listed) =>
          listed.version === 'latest' ? findLatest(request, listed, source) : findListed(request, listed, source),
        ),
      );
    },
  };
}
