/** True for the folder itself and everything below it; both absolute and without symbolic links. */
export function isInside(folder: string, path: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}
