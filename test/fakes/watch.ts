import type {ImageTable, ImageView} from './glance/image-table.ts';
import {isVisibleTo} from './glance/image-table.ts';

/** What another project could see between two changes. */
export interface Instant {
  /** What led here: the change and the image's id. */
  readonly cause: string;
  readonly at: Date;
  /** Every image that the onlooker could see by listing (hidden ones too: `os_hidden` tells). */
  readonly images: readonly ImageView[];
}

/** A recording of every instant; it misses none, since it is told by the table itself. */
export interface Watch {
  readonly instants: readonly Instant[];
  stop(): void;
}

/** Somebody who looks on; by default an ordinary tenant who owns nothing. */
export interface Onlooker {
  readonly projectId: string;
  readonly roles: readonly string[];
}

const STRANGER: Onlooker = {projectId: 'stranger', roles: ['member', 'reader']};

/** Starts recording with the present state; a change that the onlooker cannot see adds no instant. */
export function watchTable(table: ImageTable, now: () => Date, onlooker: Onlooker = STRANGER): Watch {
  const instants: Instant[] = [];
  const look = (cause: string): void => {
    const images = table
      .all()
      .filter((record) => isVisibleTo(record, onlooker))
      .map((record) => table.view(record));
    const previous = instants.at(-1)?.images;
    const same = previous?.length === images.length && images.every((view, index) => view === previous[index]);
    if (!same) instants.push({cause, at: now(), images});
  };
  look('start');
  return {instants, stop: table.onChange(look)};
}

/** The images of an instant that a plain listing (not asking for hidden ones) would show under a name. */
export function shownAs(instant: Instant, name: string): readonly ImageView[] {
  return instant.images.filter((view) => view['name'] === name && view['os_hidden'] === false);
}
