/** The address of bytes that somebody else sends to this host. */
export const UPLOAD_ADDRESS = 'upload:';

/** What an image of ours keeps of a file: its name, and no folder of the host. `path`: of this host. */
export function originOfFile(path: string): string {
  return `file:${path.slice(path.lastIndexOf('/') + 1)}`;
}

/** The same for bytes that can be read only once; undefined for any other address. */
export function originOfStream(address: string): string | undefined {
  if (address === '-') return 'stdin';
  return address === UPLOAD_ADDRESS ? 'upload' : undefined;
}
