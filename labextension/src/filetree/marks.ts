import type { How } from '../panel/rows';
import type { ITarget } from './actions';
import type { FileTree } from './model';
import type { FolderNode, IItem } from './node';
import { keyOf } from './tokens';

/** Entries that can be selected at once: no more fit into one plan. */
export const MOST_MARKED = 1000;

/** Which entries are selected where several are; with none marked, the cursor's row is it. */
export class Marks {
  constructor(private readonly _tree: FileTree) {}

  get count(): number {
    return this._marked.size;
  }

  has(item: IItem | null): boolean {
    return item?.entry !== undefined && this._marked.has(keyOf(item.entry));
  }

  /** What is meant: all that is marked, from the top of the tree, else the cursor's entry. */
  get targets(): readonly ITarget[] {
    if (this._marked.size > 0) {
      const placed = [...this._marked.values()].map(
        target => [this._rowOf(target), target] as const
      );
      return placed.sort(([one], [other]) => one - other).map(([, target]) => target);
    }
    const { entry, parent } = this._tree.selection;
    return entry ? [{ entry, parent }] : [];
  }

  /** Those of the targets that no other one holds: what is done to a folder is done to all in it. */
  get outermost(): readonly ITarget[] {
    const { targets } = this;
    const keys = new Set(targets.map(target => keyOf(target.entry)));
    const isHeld = (node: FolderNode | null): boolean =>
      node !== null && (keys.has(node.key) || isHeld(node.parent));
    return targets.filter(target => !isHeld(target.parent));
  }

  clear(): void {
    this._marked.clear();
  }

  /**
   * Takes what a press or a key selects in a row; the cursor goes there afterwards.
   *
   * Resolves once rows that were not here yet have come; false where not all could be marked.
   */
  async take(row: number, how: How): Promise<boolean> {
    const item = this._tree.item(row);
    if (how === 'toggle') {
      this._toggle(item);
    } else if (how === 'extend') {
      return this._extend(row);
    } else if (how === 'only') {
      this._marked.clear();
      this._anchor = targetOf(item);
    }
    return true;
  }

  /** Marks all entries of a folder. */
  async all(folder: FolderNode): Promise<boolean> {
    this._marked.clear();
    return this._fill(folder, 0, folder.folder.count);
  }

  private _toggle(item: IItem | null): void {
    const { entry, parent } = this._tree.selection;
    if (this._marked.size === 0 && entry && parent) {
      this._add({ entry, parent }); // what had the cursor was selected
    }
    const target = targetOf(item);
    if (target !== null) {
      const key = keyOf(target.entry);
      if (!this._marked.delete(key)) {
        this._add(target);
      }
      this._anchor = target;
    }
  }

  private async _extend(row: number): Promise<boolean> {
    const { entry, parent } = this._tree.selection;
    this._anchor ??= entry && { entry, parent };
    const from = this._anchor === null ? row : this._rowOf(this._anchor);
    this._marked.clear();
    let isWhole = true;
    for (let at = Math.min(from, row); at <= Math.max(from, row); at++) {
      const item = this._tree.item(at);
      if (item?.kind !== 'entry' || item.parent === null) {
        continue; // a root, or a row that says something
      }
      const found = item.entry ?? (await item.parent.folder.fetch(item.row));
      isWhole &&= found !== undefined && this._marked.size < MOST_MARKED;
      if (!isWhole) {
        break;
      }
      if (found !== undefined) {
        this._add({ entry: found, parent: item.parent });
      }
    }
    return isWhole;
  }

  private async _fill(node: FolderNode, first: number, stop: number): Promise<boolean> {
    for (let row = first; row < Math.min(stop, first + MOST_MARKED); row++) {
      const entry = node.folder.row(row) ?? (await node.folder.fetch(row));
      if (entry !== undefined) {
        this._add({ entry, parent: node });
      }
    }
    return stop - first <= MOST_MARKED;
  }

  private _add(target: ITarget): void {
    this._marked.set(keyOf(target.entry), target);
  }

  private _rowOf({ entry, parent }: ITarget): number {
    return this._tree.indexOf(parent, parent?.folder.find(keyOf(entry)) ?? 0);
  }

  private readonly _marked = new Map<string, ITarget>();
  private _anchor: ITarget | null = null;
}

/** Roots are no targets of what is done to several. */
function targetOf(item: IItem | null): ITarget | null {
  return item?.entry && item.parent ? { entry: item.entry, parent: item.parent } : null;
}
