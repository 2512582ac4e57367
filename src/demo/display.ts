/** Puts progress on a terminal (one screen, redrawn in place) or elsewhere (a line now and then). */
import { type Progress, renderLine, renderScreen } from './progress.ts';

const linePeriodSeconds = 2;

export interface Display {
  show(progress: Progress): void;
}

export function createDisplay(isTerminal: boolean, write: (text: string) => void): Display {
  return isTerminal ? createScreen(write) : createLines(write);
}

function createScreen(write: (text: string) => void): Display {
  let height = 0;
  return {
    show(progress) {
      const lines = renderScreen(progress);
      // ECMA-48: cursor up, then erase each line before it is written again.
      const up = height === 0 ? '' : `\u001b[${height}A`;
      height = lines.length;
      write(`${up}${lines.map((line) => `\u001b[2K${line}\n`).join('')}`);
    },
  };
}

function createLines(write: (text: string) => void): Display {
  let next = linePeriodSeconds;
  return {
    show(progress) {
      if (progress.elapsedSeconds < next) return;
      next += linePeriodSeconds;
      write(`${renderLine(progress)}\n`);
    },
  };
}
