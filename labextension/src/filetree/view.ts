import type { TranslationBundle } from '@jupyterlab/translation';
import type { MenuSvg } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import { PanelLayout, Widget } from '@lumino/widgets';
import { element } from '../dom';
import { drawFailure } from '../panel/failing';
import { Rows } from '../panel/rows';
import type { ICluster } from '../panel/tokens';
import { Actions, pathText, type IFilesContext, type ITarget } from './actions';
import { FilterBox, PathBox } from './bars';
import { EntryDrag } from './drag';
import { takeDrops } from './drops';
import { Hands, type IHandsPlace } from './hands';
import { Marks } from './marks';
import { makeMenu } from './menu';
import { FileTree } from './model';
import type { FolderNode } from './node';
import { drawItem, lookOf } from './row';
import { replaces, Sending } from './sending';
import { Strip } from './strip';
import { isFolder, keyOf } from './tokens';
import { Uploads } from './uploads';

/** The files of one cluster: a path, a filter, the tree, and what there is to say. */
export class TreeView extends Widget implements IHandsPlace {
  constructor(
    cluster: ICluster,
    private readonly _context: IFilesContext
  ) {
    super();
    const { emr, tracker, trans } = _context;
    this.addClass('emrnb-Tree');
    this.tree = new FileTree(cluster.id, emr.server, emr.live);
    const uploads = new Uploads(emr.server, (name, folder) =>
      replaces(name, folder, trans)
    );
    this.strip = new Strip(uploads, trans);
    this.actions = new Actions(_context, this.tree, this.strip);
    this._sending = new Sending(this.tree, uploads, this.actions, this.strip, trans);
    this.marks = new Marks(this.tree);
    this.actions.removed.connect(() => this.marks.clear());
    this.drag = new EntryDrag(
      tracker,
      (entry, kind) => this.actions.code(entry, kind),
      entries =>
        entries.length === 1
          ? (entries[0]?.name ?? '')
          : trans.__('%1 entries', entries.length)
    );
    this._path = new PathBox(trans, path => void this._go(path));
    this._filter = new FilterBox(trans, words => void this._filterBy(words));
    this._filter.node.addEventListener('focus', () => {
      this._filtered = this.tree.folder;
    });
    this.rows = this._makeRows(trans.__('Files of %1', cluster.name));
    this.menu = makeMenu(this, this.actions, trans);
    this.menu.aboutToClose.connect(() => this.rows.node.focus({ preventScroll: true }));
    this._input.type = 'file';
    this._input.multiple = true;
    this._input.hidden = true;
    this._input.addEventListener('change', () => this._onPicked());
    this._layOut();
    this.tree.changed.connect(this._onChanged, this);
  }

  /** What is selected. */
  get target(): ITarget | null {
    const { entry, parent } = this.tree.selection;
    return entry && { entry, parent };
  }

  /** All that is selected. */
  get targets(): readonly ITarget[] {
    return this.marks.targets;
  }

  /** All that is selected, without what is in a folder that is selected as well. */
  get outermost(): readonly ITarget[] {
    return this.marks.outermost;
  }

  get trans(): TranslationBundle {
    return this._context.trans;
  }

  toPath(): void {
    this._path.node.focus();
  }

  get folder(): FolderNode | null {
    return this.tree.folder;
  }

  upload(): void {
    this._input.click();
  }

  newFolder(): void {
    const { folder } = this;
    if (folder !== null && this.actions.canHold(this.target)) {
      void this.actions.newFolder(folder);
    }
  }

  /** Lists the selected folder anew; all that is open where none is selected. */
  refresh(): void {
    const { folder } = this;
    if (this.tree.error) {
      void this.tree.load();
    } else if (folder !== null) {
      void this.tree.refresh(folder);
    } else {
      this.tree.roots
        .filter(root => root.isExpanded)
        .forEach(root => void this.tree.refresh(root));
    }
  }

  /** Whether something can be put where the selection is. */
  get canHold(): boolean {
    return this.actions.canHold(this.target);
  }

  override dispose(): void {
    if (this.isDisposed) {
      return;
    }
    window.cancelAnimationFrame(this._frame);
    this.menu.dispose();
    this.strip.dispose();
    this._filter.dispose();
    this.tree.dispose();
    super.dispose();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    if (!this._isLoaded) {
      this._isLoaded = true;
      void this._load();
    }
  }

  /** Loads the tree, and opens what was open when the page was left. */
  private async _load(): Promise<void> {
    const { opened } = this._context;
    const { cluster } = this.tree;
    const before = await opened.of(cluster);
    await this.tree.load();
    await this.tree.reopen(before);
    let kept = this.tree.opened.join('\n');
    this.tree.changed.connect(() => {
      const now = this.tree.opened;
      if (now.join('\n') !== kept) {
        kept = now.join('\n');
        void opened.keep(cluster, now);
      }
    });
  }

  // -- the parts ------------------------------------------------------------------------

  private _layOut(): void {
    const bars = element('div', 'emrnb-TreeBars');
    bars.append(this._path.node, this._filter.node);
    const layout = (this.layout = new PanelLayout());
    layout.addWidget(new Widget({ node: bars }));
    layout.addWidget(new Widget({ node: this._note }));
    layout.addWidget(this.rows);
    this.strip.node.append(this._input);
    layout.addWidget(new Widget({ node: this.strip.node }));
  }

  private _makeRows(label: string): Rows {
    const tree = this.tree;
    const { trans } = this._context;
    const source = {
      get count() {
        return tree.count;
      },
      look: (index: number) => {
        const item = tree.item(index);
        return item ? lookOf(item) : '';
      },
      draw: (index: number) => {
        const item = tree.item(index);
        return item ? drawItem(item, trans) : element('div', '');
      },
      isSelected: (index: number) =>
        this.marks.count > 0
          ? this.marks.has(tree.item(index))
          : index === this.rows.cursor,
      want: (first: number, stop: number) => tree.want(first, stop)
    };
    const rows = new Rows(source, { role: 'tree', label });
    rows.picked.connect((_, { row, how }) => {
      void this._hands.mark(this.marks.take(row, how));
    });
    rows.moved.connect((_, row) => tree.select(row));
    rows.opened.connect((_, row) => this._hands.open(row));
    rows.pressed.connect((_, event) => this._hands.onKey(event));
    rows.node.addEventListener('click', event => this._hands.onClick(event));
    rows.node.addEventListener('pointerdown', event => this._hands.onPointer(event));
    // the browser's own drag of a selected text would end ours
    rows.node.addEventListener('dragstart', event => event.preventDefault());
    rows.node.addEventListener('contextmenu', event => this._hands.onMenu(event));
    takeDrops(
      rows.node,
      target => this._markDrop(target),
      (target, files) => this._sending.send(this._folderAt(target), files),
      error => this.strip.fail(error),
      trans
    );
    return rows;
  }

  // -- where to ----------------------------------------------------------------------

  private async _go(path: string): Promise<void> {
    try {
      await this.tree.reveal(path);
      this.strip.forgive(this._path);
      const { cursor } = this.tree;
      this.rows.moveTo(cursor, this.tree.item(cursor)?.node?.below);
      this.rows.node.focus({ preventScroll: true });
    } catch (error) {
      this.strip.fail(error, undefined, this._path);
    }
  }

  private async _filterBy(words: string): Promise<void> {
    const node = this._filtered ?? this.tree.folder;
    if (node !== null) {
      await this.tree.expand(node.entry, node.parent);
      await node.folder.setFilter(words);
    }
  }

  // -- uploads --------------------------------------------------------------------------

  private _onPicked(): void {
    const files = [...(this._input.files ?? [])];
    this._input.value = '';
    this._sending.send(this._target(), files);
  }

  private _target(): ITarget | null {
    const { folder } = this;
    return folder && { entry: folder.entry, parent: folder.parent };
  }

  /** Returns the folder that is meant by a place in the list. */
  private _folderAt(target: EventTarget | null): ITarget | null {
    const row = this.rows.rowAt(target);
    const item = row < 0 ? null : this.tree.item(row);
    if (item === null) {
      return this._target();
    }
    if (item.entry && isFolder(item.entry)) {
      return { entry: item.entry, parent: item.parent };
    }
    return item.parent && { entry: item.parent.entry, parent: item.parent.parent };
  }

  private _markDrop(target: EventTarget | null): void {
    const folder = target === null ? null : this._folderAt(target);
    const key = folder && keyOf(folder.entry);
    this.rows.toggleClass('emrnb-mod-dropTarget', folder !== null);
    for (const row of this.rows.node.querySelectorAll<HTMLElement>('.emrnb-Item')) {
      const item = this.tree.item(Number(row.dataset.row));
      const isIt =
        key !== null && item?.entry !== undefined && keyOf(item.entry) === key;
      row.classList.toggle('emrnb-mod-dropTarget', isIt);
    }
  }

  // -- drawing --------------------------------------------------------------------------

  private _onChanged(): void {
    window.cancelAnimationFrame(this._frame);
    this._frame = window.requestAnimationFrame(() => this._draw());
  }

  private _draw(): void {
    const tree = this.tree;
    const { trans } = this._context;
    const notes: HTMLElement[] = [];
    if (tree.error) {
      const again = () => void tree.load();
      notes.push(drawFailure(tree.error, [trans.__('Try again'), again]));
    } else if (tree.isLoading) {
      notes.push(element('div', 'emrnb-TreeNote', trans.__('Loading…')));
    }
    this._note.replaceChildren(...notes);
    this.rows.node.setAttribute('aria-busy', String(tree.isLoading));
    this.rows.follow(tree.cursor);
    const { folder } = tree;
    this._path.show(pathText(folder?.entry.path ?? ''));
    const filtered = this._filtered ?? folder;
    const shown = document.activeElement === this._filter.node ? filtered : folder;
    this._filter.show(shown?.entry.name ?? '', shown?.folder.filter ?? '');
    this._drawFailure(folder);
  }

  /** Tells in full what a row has no room for. */
  private _drawFailure(folder: FolderNode | null): void {
    const error = folder?.folder.error ?? null;
    if (error === this._failed) {
      return;
    }
    if (this._failed !== null) {
      this.strip.forgive(this._failed);
    }
    this._failed = error;
    if (error !== null && folder !== null) {
      this.strip.fail(error, () => void this.tree.refresh(folder), error);
    }
  }

  readonly tree: FileTree;
  private readonly _sending: Sending;
  readonly strip: Strip;
  readonly actions: Actions;
  readonly drag: EntryDrag;
  readonly marks: Marks;
  private readonly _hands = new Hands(this);
  private readonly _path: PathBox;
  private readonly _filter: FilterBox;
  readonly rows: Rows;
  readonly menu: MenuSvg;
  private readonly _note = element('div', 'emrnb-TreeNotes');
  private readonly _input = element('input', '');
  private _filtered: FolderNode | null = null;
  private _failed: unknown = null;
  private _frame = 0;
  private _isLoaded = false;
}
