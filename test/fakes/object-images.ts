import {payloadOf} from './glance/bytes.ts';
import type {GlanceContext} from './glance/context.ts';
import {setData} from './glance/context.ts';

/** An image that a service makes of a volume or a server. */
export interface ObjectImage {
  readonly name: string;
  readonly format: string;
  readonly owner: string;
  readonly properties?: Readonly<Record<string, string>>;
  /** Undefined: the service gives up, and takes the image away. */
  readonly bytes: Uint8Array | undefined;
  readonly takesMs: number;
  /** When it is through with the image, be there one or not. */
  readonly done: () => void;
}

/** Makes a queued image, which has its bytes a moment later, and answers with its id. */
export type MakeImage = (image: ObjectImage) => string;

export function imagesOfObjects(context: GlanceContext): MakeImage {
  return ({name, format, owner, properties = {}, bytes, takesMs, done}) => {
    const {id} = context.table.add(
      {name, disk_format: format, container_format: 'bare', status: 'queued', visibility: 'private', owner, properties},
      'made of an object',
    );
    const timer = setTimeout(() => {
      if (bytes === undefined) context.table.remove(id, 'given up');
      else if (context.table.find(id)) {
        const payload = payloadOf(bytes);
        context.payloads.set(id, payload);
        context.table.change(id, 'filled from an object', (record) => {
          setData(record, payload, context.options.stores.slice(0, 1));
          record.status = 'active';
        });
      }
      done();
    }, takesMs);
    timer.unref();
    return id;
  };
}
