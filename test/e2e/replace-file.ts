import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Scene } from './scene.ts';

/** Changes a file of the scene's configuration in one step, as an editor or a deployment does. */
export function replaceFile(scene: Scene, name: string, text: string): void {
  writeFileSync(join(scene.dir, `${name}.new`), text);
  renameSync(join(scene.dir, `${name}.new`), join(scene.dir, name));
}
