import { Folder } from './folder';
import { keyOf, type IEntry } from './tokens';

/** What a row of the tree stands for. */
export interface IItem {
  readonly kind: 'entry' | 'loading' | 'empty' | 'failed' | 'broken';
  /** 1 for the roots. */
  readonly level: number;
  /** The folder that the row is in; null for a root. */
  readonly parent: FolderNode | null;
  /** Where it stands in that folder, among how many. */
  readonly row: number;
  readonly count: number;
  /** Undefined while it is on its way, and for a row that only says something. */
  readonly entry: IEntry | undefined;
  /** The folder itself, if it was ever opened. */
  readonly node: FolderNode | null;
}

/** A folder that was opened at least once: its listing, and the folders opened in it. */
export class FolderNode {
  constructor(
    readonly entry: IEntry,
    readonly folder: Folder,
    readonly parent: FolderNode | null,
    /** What store a root is of; empty for any other folder. */
    readonly store = ''
  ) {}

  readonly children = new Map<string, FolderNode>();
  isExpanded = false;
  /** Where it stands in its parent; −1 while it is not among the parent's rows. */
  row = -1;

  get key(): string {
    return keyOf(this.entry);
  }

  get level(): number {
    return (this.parent?.level ?? 0) + 1;
  }

  /** What there is to say instead of rows, or below those that came. */
  get said(): 'loading' | 'empty' | 'failed' | 'broken' | null {
    const { folder } = this;
    if (folder.count > 0) {
      return folder.error ? 'broken' : null;
    }
    if (folder.error) {
      return 'failed';
    }
    return folder.isDone && !folder.isOpening ? 'empty' : 'loading';
  }

  /** Children whose rows are seen, from the top. */
  get shown(): readonly FolderNode[] {
    return [...this.children.values()]
      .filter(child => child.isExpanded && child.row >= 0)
      .filter(child => child.row < this.folder.count)
      .sort((one, other) => one.row - other.row);
  }

  /** Rows below its own one. */
  get below(): number {
    if (!this.isExpanded) {
      return 0;
    }
    const own = this.folder.count + (this.said === null ? 0 : 1);
    return this.shown.reduce((sum, child) => sum + child.below, own);
  }

  /** Returns what stands so many rows below its own one, from 0. */
  at(index: number): IItem {
    let before = 0; // rows of opened folders above
    for (const child of this.shown) {
      const at = child.row + before;
      if (index <= at) {
        break;
      }
      if (index <= at + child.below) {
        return child.at(index - at - 1);
      }
      before += child.below;
    }
    return this._own(index - before);
  }

  /** Returns how many rows below its own one a row of this folder stands. */
  offsetOf(row: number): number {
    const above = this.shown.filter(child => child.row < row);
    return above.reduce((sum, child) => sum + child.below, row);
  }

  /** Says which rows are looked at, counted from the first below its own. */
  want(first: number, stop: number): void {
    let before = 0;
    let from = this.folder.count;
    let to = 0;
    const note = (start: number, end: number, shift: number) => {
      const low = Math.max(first, start) - shift;
      const high = Math.min(stop, end) - shift;
      if (low < high) {
        from = Math.min(from, low);
        to = Math.max(to, high);
      }
    };
    let start = 0;
    for (const child of this.shown) {
      const at = child.row + before;
      note(start, at + 1, before);
      const rows = child.below;
      if (first < at + 1 + rows && stop > at + 1) {
        child.want(Math.max(0, first - at - 1), Math.min(rows, stop - at - 1));
      }
      start = at + 1 + rows;
      before += rows;
    }
    note(start, this.folder.count + before, before);
    if (from < to) {
      this.folder.want(from, to);
    }
  }

  /** Yields it and all opened folders below it. */
  *all(): Generator<FolderNode> {
    yield this;
    for (const child of this.children.values()) {
      yield* child.all();
    }
  }

  dispose(): void {
    this.children.forEach(child => child.dispose());
    this.children.clear();
    this.folder.dispose();
  }

  private _own(row: number): IItem {
    const { count } = this.folder;
    const entry = row < count ? this.folder.row(row) : undefined;
    const node = entry ? (this.children.get(keyOf(entry)) ?? null) : null;
    return {
      kind: row < count ? 'entry' : (this.said ?? 'loading'),
      level: this.level + 1,
      parent: this,
      row,
      count,
      entry,
      node
    };
  }
}
