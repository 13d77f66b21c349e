import type { FolderNode, IItem } from './node';
import { keyOf, type IEntry } from './tokens';

/** Which row has the cursor: it stays with its entry while others come in above it. */
export class Selection {
  /** The folder that the row is in; null for a root. */
  get parent(): FolderNode | null {
    return this._parent;
  }

  /** The row's entry; null where none is selected, and for a row that only says something. */
  get entry(): IEntry | null {
    this._settle();
    return this._entry;
  }

  /** The row in its folder; −1 for none. */
  get row(): number {
    this._settle();
    return this._row;
  }

  take(item: IItem | null): void {
    this._parent = item?.parent ?? null;
    this._entry = item?.entry ?? null;
    this._row = item?.row ?? -1;
  }

  put(parent: FolderNode | null, entry: IEntry, row: number): void {
    this._parent = parent;
    this._entry = entry;
    this._row = row;
  }

  /** Looks where the entry stands now; of one that is gone, its neighbour takes the place. */
  private _settle(): void {
    const folder = this._parent?.folder;
    if (folder === undefined) {
      return;
    }
    const at = this._entry ? folder.find(keyOf(this._entry)) : -1;
    if (at >= 0) {
      this._row = at;
      this._entry = folder.row(at) ?? this._entry;
    } else if (!folder.isOpening) {
      this._row = Math.min(this._row, folder.count);
      this._entry = folder.row(this._row) ?? null;
    }
  }

  private _parent: FolderNode | null = null;
  private _entry: IEntry | null = null;
  private _row = -1;
}
