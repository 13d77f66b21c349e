import type { INotebookTracker } from '@jupyterlab/notebook';
import { MimeData } from '@lumino/coreutils';
import { Drag } from '@lumino/dragdrop';
import { element } from '../dom';
import type { CodeKind, IEntry } from './tokens';

const TEXT = 'text/plain';
const KINDS: readonly CodeKind[] = ['spark', 'hive', 'pandas'];

/** Entries of a drag that become code; of more their paths are dropped. */
const MOST_CODES = 20;

/** Pixels that a pressed pointer moves before it drags. */
const THRESHOLD = 6;

export type Codes = ReadonlyMap<CodeKind, string>;

/** Returns what a dropped entry becomes in a cell: what the cell's language reads it by. */
export function dropText(cell: string | null, codes: Codes, path: string): string {
  if (cell === null) {
    return path; // no code cell
  }
  const magic = /^\s*%%(\w+)/.exec(cell)?.[1];
  if (cell.trim() === '') {
    return codes.get('spark') ?? codes.get('pandas') ?? path;
  }
  const kind: CodeKind | null =
    magic === undefined
      ? 'pandas'
      : magic === 'spark' || magic === 'hive'
        ? magic
        : null;
  const code = kind === null ? undefined : codes.get(kind);
  // a cell has its magic once, on its first line; what it has already stays on its own lines
  return code === undefined ? path : `\n${code.replace(/^%%[^\n]*\n/, '')}\n`;
}

/** Returns the code of several entries as one: each frame has a name of its own. */
export function together(kind: CodeKind, codes: readonly string[]): string {
  const [first = ''] = codes;
  if (codes.length < 2) {
    return first;
  }
  const magic = /^%%[^\n]*\n/.exec(first)?.[0] ?? '';
  const bodies = codes.map(code => code.slice(magic.length).trim());
  if (kind === 'hive') {
    return magic + bodies.map(body => body.replace(/;$/, '')).join(';\n\n');
  }
  const seen = new Set<string>();
  const lines = bodies.flatMap((body, n) =>
    body.split('\n').flatMap(line => {
      const isOnce = /^import |^c = %emr use /.test(line) || line === '';
      const isBare = line === 'df' && n < bodies.length - 1; // only a cell's last value is shown
      if ((isOnce && seen.has(line)) || isBare) {
        return [];
      }
      seen.add(line);
      return [line.replace(/^(\s*)df(?=$| )/, `$1df${n + 1}`)];
    })
  );
  return magic + lines.join('\n');
}

/** Begins a drag of entries when a pressed pointer moves; the code is asked for meanwhile. */
export class EntryDrag {
  constructor(
    private readonly _tracker: INotebookTracker | null,
    private readonly _code: (entry: IEntry, kind: CodeKind) => Promise<string>,
    private readonly _label: (entries: readonly IEntry[]) => string
  ) {}

  /** To be called when the pointer is pressed on entries. */
  press(event: PointerEvent, entries: readonly IEntry[]): void {
    const paths = entries.flatMap(({ path }) => (path === null ? [] : [path]));
    if (event.button !== 0 || paths.length === 0 || paths.length < entries.length) {
      return;
    }
    const { clientX, clientY } = event;
    const move = (moved: PointerEvent) => {
      if (
        Math.hypot(moved.clientX - clientX, moved.clientY - clientY) > THRESHOLD &&
        moved.buttons & 1
      ) {
        end();
        void this._start(moved, entries, paths.join('\n'));
      }
    };
    const end = () => {
      document.removeEventListener('pointermove', move, true);
      document.removeEventListener('pointerup', end, true);
    };
    document.addEventListener('pointermove', move, true);
    document.addEventListener('pointerup', end, true);
  }

  private async _start(
    event: PointerEvent,
    entries: readonly IEntry[],
    path: string
  ): Promise<void> {
    const codes = new Map<CodeKind, string>();
    for (const kind of entries.length > MOST_CODES ? [] : KINDS) {
      Promise.all(entries.map(entry => this._code(entry, kind))).then(
        all => codes.set(kind, together(kind, all)),
        () => undefined // an engine that cannot read it: the path is dropped
      );
    }
    const mimeData = new MimeData();
    mimeData.setData(TEXT, path);
    const drop = (dropped: Event) => {
      const text = dropText(this._cellAt(dropped.target as Node), codes, path);
      mimeData.setData(TEXT, text);
    };
    document.addEventListener('lm-drop', drop, true);
    const drag = new Drag({
      mimeData,
      dragImage: element('div', 'emrnb-DragImage', this._label(entries)),
      proposedAction: 'copy',
      supportedActions: 'copy'
    });
    try {
      await drag.start(event.clientX, event.clientY);
    } finally {
      document.removeEventListener('lm-drop', drop, true);
    }
  }

  /** Returns the text of the code cell that a node is in; null where it is in none. */
  private _cellAt(node: Node): string | null {
    const cells = this._tracker?.currentWidget?.content.widgets ?? [];
    const cell = cells.find(one => one.node.contains(node));
    return cell?.model.type === 'code' ? cell.model.sharedModel.getSource() : null;
  }
}
