import {access, constants, stat} from 'node:fs/promises';

/** True where something is at the path and this user can reach it; links are followed. */
export async function exists(path: string): Promise<boolean> {
  return isTrue(async () => {
    await access(path);
    return true;
  });
}

/** True where the path is a regular file that this user may execute; links are followed. */
export async function isProgram(path: string): Promise<boolean> {
  return isTrue(async () => {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  });
}

async function isTrue(look: () => Promise<boolean>): Promise<boolean> {
  try {
    return await look();
  } catch {
    return false;
  }
}
