/** The files of open objects, as a port, so that tests inject what disks do: full, failing to sync, short writes. */
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface ObjectFile {
  /** Writes all of `bytes` at `position`. May be repeated after a failure. */
  write(bytes: Uint8Array, position: number): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface ObjectFiles {
  /** Removes the folder with all that is in it. */
  clear(folder: string): Promise<void>;
  /** Creates the file, and its folder, or empties it. */
  create(path: string): Promise<ObjectFile>;
  read(path: string): AsyncIterable<Uint8Array>;
  rename(from: string, to: string): Promise<void>;
  /** Makes names in the folder durable. */
  syncFolder(path: string): Promise<void>;
}

export const nodeObjectFiles: ObjectFiles = {
  async clear(folder) {
    await rm(folder, { recursive: true, force: true });
  },
  async create(path) {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(path, 'w');
    return {
      async write(bytes, position) {
        for (let done = 0; done < bytes.length; ) {
          const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
          done += bytesWritten;
        }
      },
      sync: () => file.sync(),
      close: () => file.close(),
    };
  },
  read: (path) => createReadStream(path),
  rename,
  async syncFolder(path) {
    const folder = await open(path, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  },
};
