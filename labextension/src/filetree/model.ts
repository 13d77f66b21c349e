import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';
import type { IEntryId, IStoreView, IWhereView } from '../api/schema';
import type { ILive, IServer } from '../api/tokens';
import { Folder } from './folder';
import { FolderNode, type IItem } from './node';
import { Selection } from './selection';
import { idOf, isFolder, keyOf, type IEntry } from './tokens';

/** Milliseconds without news after which a growing folder is asked about. */
const QUIET = 2_000;

/** Milliseconds that a path's folders may take to come. */
const LONGEST = 60_000;

/** The tree of one cluster's stores: rows of folders that are opened, counted from the top. */
export class FileTree {
  constructor(
    readonly cluster: string,
    private readonly _server: IServer,
    private readonly _live: ILive
  ) {}

  readonly selection = new Selection();

  /** Something that is drawn may have changed. */
  get changed(): ISignal<FileTree, void> {
    return this._changed;
  }

  get roots(): readonly FolderNode[] {
    return this._roots;
  }

  get isLoading(): boolean {
    return this._isLoading;
  }

  /** Why there are no roots. */
  get error(): unknown {
    return this._error;
  }

  get count(): number {
    return this._roots.reduce((sum, root) => sum + 1 + root.below, 0);
  }

  /** Asks for the cluster's stores. */
  async load(): Promise<void> {
    this._isLoading = true;
    this._error = null;
    this._changed.emit();
    try {
      const { cluster } = this;
      const told = await this._server.call('GET /clusters/{cluster}/stores', {
        cluster
      });
      this._roots.forEach(root => root.dispose());
      this._roots = told.stores.map(store => this._root(store));
    } catch (error) {
      this._error = error;
    }
    this._isLoading = false;
    this._changed.emit();
  }

  item(index: number): IItem | null {
    let at = index;
    for (const [row, root] of this._roots.entries()) {
      if (at === 0) {
        const count = this._roots.length;
        const { entry } = root;
        return { kind: 'entry', level: 1, parent: null, row, count, entry, node: root };
      }
      if (at <= root.below) {
        return root.at(at - 1);
      }
      at -= 1 + root.below;
    }
    return null;
  }

  /** Returns the row of a root, or of a row of an opened folder. */
  indexOf(parent: FolderNode | null, row: number): number {
    if (parent !== null) {
      const above = parent.parent;
      const own = this.indexOf(above, above ? parent.row : this._roots.indexOf(parent));
      return own < 0 || row < 0 ? -1 : own + 1 + parent.offsetOf(row);
    }
    return this._roots
      .slice(0, row)
      .reduce((sum, root) => sum + 1 + root.below, row < 0 ? -1 : 0);
  }

  /** Returns where the selected row stands now; −1 where it is not seen. */
  get cursor(): number {
    const { parent, entry, row } = this.selection;
    if (parent === null) {
      const root = entry
        ? this._roots.find(one => one.key === keyOf(entry))
        : undefined;
      return root ? this.indexOf(null, this._roots.indexOf(root)) : -1;
    }
    const isSeen = [...chain(parent)].every(node => node.isExpanded);
    return isSeen ? this.indexOf(parent, row) : -1;
  }

  select(index: number): void {
    this.selection.take(this.item(index));
    this._changed.emit();
  }

  /** The folder that is selected, or that the selected row is in. */
  get folder(): FolderNode | null {
    const { entry, parent } = this.selection;
    return entry && isFolder(entry) ? this._nodeOf(entry, parent) : parent;
  }

  want(first: number, stop: number): void {
    let top = 1;
    for (const root of this._roots) {
      const rows = root.below;
      if (rows > 0 && first < top + rows && stop > top) {
        root.want(Math.max(0, first - top), Math.min(rows, stop - top));
      }
      top += 1 + rows;
    }
  }

  /** Opens a folder of the tree; resolves when its first rows are there. */
  async expand(
    entry: IEntry,
    parent: FolderNode | null,
    row = -1
  ): Promise<FolderNode> {
    const node = this._nodeOf(entry, parent);
    node.row = row >= 0 ? row : node.row;
    node.isExpanded = true;
    if (!node.folder.listing) {
      await node.folder.open();
    }
    this._changed.emit();
    return node;
  }

  /** The paths of all folders that are open. */
  get opened(): string[] {
    const open = this._open().filter(node => node.isExpanded);
    return open.flatMap(({ entry }) => (entry.path === null ? [] : [entry.path]));
  }

  /** Opens folders that were open before, as far as they are still there; selects nothing. */
  async reopen(paths: readonly string[]): Promise<void> {
    for (const path of paths) {
      const root = this._roots.find(one => one.entry.path === path);
      const above = this._open().filter(
        node => node.isExpanded && isAbove(node.entry.path, path)
      );
      const parent = above[above.length - 1];
      try {
        if (root !== undefined) {
          await this.expand(root.entry, null);
        } else if (parent !== undefined) {
          const row = await this._placed(parent, path);
          const entry = row < 0 ? undefined : await parent.folder.fetch(row);
          if (entry !== undefined && isFolder(entry)) {
            await this.expand(entry, parent, row);
          }
        }
      } catch {
        // it is gone, or nobody may see it any more: the tree goes on without it
      }
      if (this.isDisposed) {
        return;
      }
    }
  }

  toggle(item: IItem): void {
    if (item.node?.isExpanded) {
      item.node.isExpanded = false;
      this._changed.emit();
    } else if (item.entry && isFolder(item.entry)) {
      void this.expand(item.entry, item.parent, item.row);
    }
  }

  /** Lists a folder anew, and those opened in it. */
  async refresh(node: FolderNode): Promise<void> {
    const open = [...node.all()].filter(one => one.isExpanded || one === node);
    await Promise.all(open.map(one => one.folder.open()));
  }

  /** Shows a path that somebody typed; raises what the server tells of it. */
  async reveal(path: string): Promise<void> {
    const { cluster } = this;
    const asked = { cluster, path };
    const told = await this._server.call('GET /clusters/{cluster}/files/where', asked);
    if (!(await this._walk(told))) {
      this._pin(told.entry.path ?? path, told.entry.kind);
    }
    const { entry, parent, row } = this.selection;
    if (entry !== null && isFolder(entry)) {
      await this.expand(entry, parent, row);
    }
    this._changed.emit();
  }

  /** Selects an entry of an opened folder by its path; false where it is not there. */
  async selectIn(node: FolderNode, path: string): Promise<boolean> {
    const row = await node.folder.place({ path });
    const entry = row < 0 ? undefined : await node.folder.fetch(row);
    if (entry !== undefined) {
      this.selection.put(node, entry, row);
      this._changed.emit();
    }
    return entry !== undefined;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    this._roots.forEach(root => root.dispose());
    this._roots = [];
    this._watched?.dispose();
    window.clearInterval(this._quiet);
    Signal.clearData(this);
  }

  private _root(store: IStoreView): FolderNode {
    const root = { name: store.path, path: store.path, kind: 'directory' };
    const entry = { ...root, size: '', modified: '', listing: '', entry: -1 };
    return this._node(entry, null, store.kind);
  }

  private _nodeOf(entry: IEntry, parent: FolderNode | null): FolderNode {
    const known = parent
      ? parent.children.get(keyOf(entry))
      : this._roots.find(root => root.key === keyOf(entry));
    return known ?? this._node(entry, parent);
  }

  private _node(entry: IEntry, parent: FolderNode | null, store = ''): FolderNode {
    const id: IEntryId = idOf(this.cluster, entry);
    const node = new FolderNode(entry, new Folder(this._server, id), parent, store);
    if (parent !== null) {
      node.row = parent.folder.find(node.key);
      parent.children.set(node.key, node);
    }
    node.folder.reordered.connect(() => void this._replace(node));
    node.folder.changed.connect(() => {
      this._watch();
      this._changed.emit();
    });
    return node;
  }

  /** Finds the opened folders of a folder whose rows may stand elsewhere now. */
  private async _replace(node: FolderNode): Promise<void> {
    for (const child of [...node.children.values()]) {
      const { path, entry } = child.entry;
      const here = node.folder.find(child.key);
      const named = path === null ? { entry } : { path };
      const placed = node.folder.place(named);
      const row = here >= 0 ? here : await placed.catch(() => -1);
      const isGone = row < 0 && node.folder.isDone && !node.folder.filter;
      if (isGone || (path === null && child.entry.listing !== node.folder.listing)) {
        node.children.delete(child.key);
        child.dispose();
      } else {
        child.row = row;
      }
    }
    this._changed.emit();
  }

  /** Goes down to a path from its root; false where a folder above does not show it. */
  private async _walk(told: IWhereView): Promise<boolean> {
    const paths = told.parts.map(part => part.path);
    const root = this._roots.find(one => paths.includes(one.entry.path));
    if (root === undefined) {
      return false;
    }
    const below = paths.slice(paths.indexOf(root.entry.path) + 1);
    let node = root;
    this.selection.put(null, root.entry, 0);
    for (const path of below) {
      await this.expand(node.entry, node.parent, node.row);
      await node.folder.setFilter('');
      if (path === null || !(await this._found(node, path))) {
        return false;
      }
      const { entry, row } = this.selection;
      if (entry !== null && isFolder(entry)) {
        node = this._nodeOf(entry, node);
        node.row = row;
      }
    }
    return true;
  }

  /** Selects a path in a folder, which is listed anew where it was not there before. */
  private async _found(node: FolderNode, path: string): Promise<boolean> {
    if (await this._arrived(node, path)) {
      return true;
    }
    await node.folder.open();
    return this._arrived(node, path);
  }

  /** Selects a path in a folder as soon as it has come; false where all came without it. */
  private async _arrived(node: FolderNode, path: string): Promise<boolean> {
    return (await this._placed(node, path)) >= 0 && this.selectIn(node, path);
  }

  /** Returns the row of a path as soon as it has come; −1 where all came without it. */
  private async _placed(node: FolderNode, path: string): Promise<number> {
    const until = Date.now() + LONGEST;
    while (Date.now() < until && !this.isDisposed) {
      const wasDone = node.folder.isDone || !node.folder.listing;
      const row = await node.folder.place({ path });
      if (row >= 0 || wasDone) {
        return row;
      }
      await new Promise(resolve => window.setTimeout(resolve, 200));
    }
    return -1;
  }

  /** Puts a path that no root leads to beside the roots. */
  private _pin(path: string, kind: string): void {
    const named = { name: path, path, kind, size: '', modified: '' };
    const entry = { ...named, listing: '', entry: -1 };
    if (!this._roots.some(root => root.key === path)) {
      this._roots = [...this._roots, this._node(entry, null, 'path')];
    }
    this.selection.put(null, entry, 0);
  }

  /** Hears of folders that grow, for as long as any does. */
  private _watch(): void {
    const grows = this._open().some(node => node.folder.listing && !node.folder.isDone);
    if (grows && this._watched === null) {
      this._watched = this._live.watch('listings', view => {
        this._open().forEach(node => node.folder.take(view));
      });
      this._quiet = window.setInterval(() => {
        this._open().forEach(node => void node.folder.look());
      }, QUIET);
    } else if (!grows && this._watched !== null) {
      this._watched.dispose();
      this._watched = null;
      window.clearInterval(this._quiet);
    }
  }

  private _open(): FolderNode[] {
    return this._roots.flatMap(root => [...root.all()]);
  }

  private readonly _changed = new Signal<FileTree, void>(this);
  private _roots: FolderNode[] = [];
  private _isLoading = false;
  private _error: unknown = null;
  private _watched: IDisposable | null = null;
  private _quiet = 0;
  private _isDisposed = false;
}

/** Whether a path lies below a folder. */
function isAbove(folder: string | null, path: string): boolean {
  return folder !== null && path.startsWith(folder.replace(/\/*$/, '/'));
}

/** Yields a folder and those above it. */
function* chain(node: FolderNode): Generator<FolderNode> {
  yield node;
  if (node.parent !== null) {
    yield* chain(node.parent);
  }
}
