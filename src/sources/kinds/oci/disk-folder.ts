import {ImgmgrError} from '../../../errors.ts';
import type {TarEntry} from '../../tar.ts';

/** The folder in which container images of disks have their one file, as KubeVirt and Deckhouse read them. */
const FOLDER = 'disk';
/** So many names below it are no image of a disk. */
const MOST = 1000;
const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';

/**
 * What the layers of a container image have below `/disk`, looked at from the highest layer down: what a higher layer has, or takes away
 * (whiteouts), hides what lower ones have. https://github.com/opencontainers/image-spec/blob/main/layer.md
 */
export class DiskFolder {
  readonly #show: string;
  /** Names that higher layers have or took away; `whole` hides what is below it, too. */
  readonly #hidden = new Map<string, 'name' | 'whole'>();
  /** Folders of which nothing of lower layers is left. */
  readonly #opaque = new Set<string>();
  /** What the current layer says, which counts for the layers below it. */
  #names = new Map<string, 'name' | 'whole'>();
  #opaqueHere = new Set<string>();
  #found: string | undefined;

  constructor(show: string) {
    this.#show = show;
  }

  /** The path of the file that is the disk, once it was seen. */
  get found(): string | undefined {
    return this.#found;
  }

  /** True for the one file below `/disk`. SOURCE_REFUSED for a second one, for links and devices there, and for a `/disk` that is no folder. */
  isDisk({path, kind}: Pick<TarEntry, 'path' | 'kind'>): boolean {
    const slash = path.lastIndexOf('/');
    const [folder, name] = [path.slice(0, Math.max(0, slash)), path.slice(slash + 1)];
    if (name.startsWith(WHITEOUT)) {
      this.#whiteout(folder, name);
      return false;
    }
    if (!isBelow(path)) return false;
    const hidden = this.#isHidden(path);
    if (this.#names.has(path) && kind !== 'directory') throw this.#refused(`has ${quoted(path)} twice in one layer`);
    this.#remember(path, kind === 'directory' ? 'name' : 'whole');
    if (hidden || kind === 'directory') return false;
    if (kind === 'other') throw this.#refused(`has ${quoted(path)}, which is neither a file nor a folder`);
    if (path === FOLDER) throw this.#refused('has a file of the name /disk, and no folder');
    if (this.#found !== undefined)
      throw this.#refused(
        `has several files below /disk (${quoted(this.#found)}, ${quoted(path)})`,
        'an image has one file there; push each under a name of its own',
      );
    this.#found = path;
    return true;
  }

  /** The layer is over; the next one lies below it. */
  nextLayer(): void {
    for (const [path, extent] of this.#names) if (this.#hidden.get(path) !== 'whole') this.#hidden.set(path, extent);
    for (const folder of this.#opaqueHere) this.#opaque.add(folder);
    this.#names = new Map();
    this.#opaqueHere = new Set();
  }

  /** SOURCE_REFUSED where no layer had the disk. */
  requireFound(): void {
    if (this.#found === undefined)
      throw this.#refused(
        'has no file below /disk',
        'make an image with one file there (FROM scratch, COPY image.qcow2 /disk/)',
      );
  }

  #whiteout(folder: string, name: string): void {
    if (name === OPAQUE) {
      if (folder === '' || isBelow(folder)) this.#opaqueHere.add(folder);
      return;
    }
    const gone = `${folder === '' ? '' : `${folder}/`}${name.slice(WHITEOUT.length)}`;
    if (isBelow(gone)) this.#remember(gone, 'whole');
  }

  #remember(path: string, extent: 'name' | 'whole'): void {
    if (this.#names.size + this.#hidden.size >= MOST) throw this.#refused(`has more than ${MOST} names below /disk`);
    if (this.#names.get(path) !== 'whole') this.#names.set(path, extent);
  }

  #isHidden(path: string): boolean {
    if (this.#hidden.has(path) || this.#opaque.has('')) return true;
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const folder = path.slice(0, end);
      if (this.#hidden.get(folder) === 'whole' || this.#opaque.has(folder)) return true;
    }
    return false;
  }

  #refused(what: string, hint?: string): ImgmgrError {
    return new ImgmgrError('SOURCE_REFUSED', `${this.#show} ${what}`, hint === undefined ? {} : {hint});
  }
}

function isBelow(path: string): boolean {
  return path === FOLDER || path.startsWith(`${FOLDER}/`);
}

function quoted(path: string): string {
  return JSON.stringify(`/${path}`.slice(0, 100));
}
