import type { Language } from '@codemirror/language';
import { Compartment, Prec, type Extension, type Text } from '@codemirror/state';
import { ViewPlugin, type EditorView, type ViewUpdate } from '@codemirror/view';
import { sqlCellOf, type Dialect } from './magics';

/** Characters of a cell that are looked at for its first line. */
const HEAD = 1000;

type Load = (dialect: Dialect) => Promise<Language>;

/**
 * Reads cells whose first line is a magic of SQL as SQL; follows edits of that line.
 *
 * Other cells keep the language of their kernel. A dialect's code loads with its first cell.
 */
export function sqlCells(load: Load): Extension {
  const place = new Compartment();
  const follower = ViewPlugin.define(view => new Follower(view, place, load));
  return [place.of([]), follower];
}

/** Gives one editor the language of its first line. */
class Follower {
  constructor(
    private readonly _view: EditorView,
    private readonly _place: Compartment,
    private readonly _load: Load
  ) {
    this._look(_view.state.doc);
  }

  update(update: ViewUpdate): void {
    if (update.docChanged) {
      this._look(update.state.doc);
    }
  }

  destroy(): void {
    this._isDestroyed = true;
  }

  private _look(doc: Text): void {
    const dialect = sqlCellOf(doc.sliceString(0, HEAD))?.dialect ?? null;
    if (dialect !== this._dialect) {
      this._dialect = dialect;
      void this._change(dialect);
    }
  }

  /** Changes the language behind this update: within it an editor takes no other. */
  private async _change(dialect: Dialect | null): Promise<void> {
    const language = dialect === null ? null : await this._load(dialect);
    await Promise.resolve();
    if (dialect === this._dialect && !this._isDestroyed) {
      // before the language that the editor has by its kernel
      const own = language === null ? [] : Prec.highest(language.extension);
      this._view.dispatch({ effects: this._place.reconfigure(own) });
    }
  }

  private _dialect: Dialect | null = null;
  private _isDestroyed = false;
}
