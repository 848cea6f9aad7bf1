import { clearLine, cursorTo } from 'node:readline';
import { chalkStderr } from 'chalk';
import { createLogUpdate } from 'log-update';
import { renderLine, renderNote, renderView } from './render.js';
import type { ViewState } from './state.js';

export interface Screen {
  /** Leaves the last frame standing and gives the terminal back. */
  readonly close: () => void;
}

const redrawEveryMs = 200;
const lineEveryMs = 2000;
/** A narrower terminal would wrap the lines; it gets the plain ones. */
const columnsMin = 80;

/**
 * Shows the state until closed: redrawn in place in a terminal, else a line every two seconds. On stderr, so that
 * stdout holds the verdict alone.
 */
export function openScreen(look: () => ViewState): Screen {
  return process.stderr.isTTY && process.stderr.columns >= columnsMin ? openTerminal(look) : openLines(look);
}

function openTerminal(look: () => ViewState): Screen {
  const update = createLogUpdate(process.stderr);
  const draw = (): void => {
    // The cursor rests on the empty line below: there the terminal echoes ^C and whatever is typed.
    cursorTo(process.stderr, 0);
    clearLine(process.stderr, 0);
    update(renderView(look(), chalkStderr).join('\n'));
  };
  draw();
  const timer = setInterval(draw, redrawEveryMs);
  return {
    close() {
      clearInterval(timer);
      draw();
      update.done();
    },
  };
}

function openLines(look: () => ViewState): Screen {
  let notesShown = 0;
  const showNotes = (): void => {
    const { notes } = look();
    for (const note of notes.slice(notesShown)) console.error(renderNote(note, chalkStderr));
    notesShown = notes.length;
  };
  const notes = setInterval(showNotes, redrawEveryMs);
  const lines = setInterval(() => {
    showNotes();
    console.error(renderLine(look()));
  }, lineEveryMs);
  return {
    close() {
      clearInterval(notes);
      clearInterval(lines);
      showNotes();
    },
  };
}
