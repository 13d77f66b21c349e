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
import { makeMenu } from './menu';
import { FileTree } from './model';
import type { FolderNode } from './node';
import { drawItem, lookOf } from './row';
import { replaces, Sending } from './sending';
import { Strip } from './strip';
import { isFolder, keyOf } from './tokens';
import { Uploads } from './uploads';

/** The files of one cluster: a path, a filter, the tree, and what there is to say. */
export class TreeView extends Widget {
  constructor(
    cluster: ICluster,
    private readonly _context: IFilesContext
  ) {
    super();
    const { emr, tracker, trans } = _context;
    this.addClass('emrnb-Tree');
    this._tree = new FileTree(cluster.id, emr.server, emr.live);
    const uploads = new Uploads(emr.server, (name, folder) =>
      replaces(name, folder, trans)
    );
    this._strip = new Strip(uploads, trans);
    this._actions = new Actions(_context, this._tree, this._strip);
    this._sending = new Sending(this._tree, uploads, this._actions, this._strip, trans);
    this._drag = new EntryDrag(tracker, (entry, kind) =>
      this._actions.code(entry, kind)
    );
    this._path = new PathBox(trans, path => void this._go(path));
    this._filter = new FilterBox(trans, words => void this._filterBy(words));
    this._filter.node.addEventListener('focus', () => {
      this._filtered = this._tree.folder;
    });
    this._rows = this._makeRows(trans.__('Files of %1', cluster.name));
    this._menu = makeMenu(this, this._actions, trans);
    this._menu.aboutToClose.connect(() =>
      this._rows.node.focus({ preventScroll: true })
    );
    this._input.type = 'file';
    this._input.multiple = true;
    this._input.hidden = true;
    this._input.addEventListener('change', () => this._onPicked());
    this._layOut();
    this._tree.changed.connect(this._onChanged, this);
  }

  /** What is selected. */
  get target(): ITarget | null {
    const { entry, parent } = this._tree.selection;
    return entry && { entry, parent };
  }

  get folder(): FolderNode | null {
    return this._tree.folder;
  }

  upload(): void {
    this._input.click();
  }

  newFolder(): void {
    const { folder } = this;
    if (folder !== null && this._actions.canHold(this.target)) {
      void this._actions.newFolder(folder);
    }
  }

  /** Lists the selected folder anew; all that is open where none is selected. */
  refresh(): void {
    const { folder } = this;
    if (this._tree.error) {
      void this._tree.load();
    } else if (folder !== null) {
      void this._tree.refresh(folder);
    } else {
      this._tree.roots
        .filter(root => root.isExpanded)
        .forEach(root => void this._tree.refresh(root));
    }
  }

  /** Whether something can be put where the selection is. */
  get canHold(): boolean {
    return this._actions.canHold(this.target);
  }

  override dispose(): void {
    if (this.isDisposed) {
      return;
    }
    window.cancelAnimationFrame(this._frame);
    this._menu.dispose();
    this._strip.dispose();
    this._filter.dispose();
    this._tree.dispose();
    super.dispose();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    if (!this._isLoaded) {
      this._isLoaded = true;
      void this._tree.load();
    }
  }

  // -- the parts ------------------------------------------------------------------------

  private _layOut(): void {
    const bars = element('div', 'emrnb-TreeBars');
    bars.append(this._path.node, this._filter.node);
    const layout = (this.layout = new PanelLayout());
    layout.addWidget(new Widget({ node: bars }));
    layout.addWidget(new Widget({ node: this._note }));
    layout.addWidget(this._rows);
    this._strip.node.append(this._input);
    layout.addWidget(new Widget({ node: this._strip.node }));
  }

  private _makeRows(label: string): Rows {
    const tree = this._tree;
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
      want: (first: number, stop: number) => tree.want(first, stop)
    };
    const rows = new Rows(source, { role: 'tree', label });
    rows.moved.connect((_, row) => tree.select(row));
    rows.opened.connect((_, row) => this._open(row));
    rows.pressed.connect((_, event) => this._onKey(event));
    rows.node.addEventListener('click', event => this._onClick(event));
    rows.node.addEventListener('pointerdown', event => this._onPointer(event));
    // the browser's own drag of a selected text would end ours
    rows.node.addEventListener('dragstart', event => event.preventDefault());
    rows.node.addEventListener('contextmenu', event => this._onMenu(event));
    takeDrops(
      rows.node,
      target => this._mark(target),
      (target, files) => this._sending.send(this._folderAt(target), files),
      error => this._strip.fail(error),
      trans
    );
    return rows;
  }

  // -- what the user does ---------------------------------------------------------------

  private _open(row: number): void {
    const item = this._tree.item(row);
    if (item === null) {
      return;
    }
    if (item.kind === 'entry' && item.entry) {
      const { entry, parent } = item;
      if (isFolder(entry)) {
        this._tree.toggle(item);
      } else {
        this._actions.preview({ entry, parent });
      }
    } else if (item.kind !== 'entry' && item.parent?.folder.error) {
      void this._tree.refresh(item.parent);
    }
  }

  private _onClick(event: MouseEvent): void {
    const target = event.target as HTMLElement;
    const row = this._rows.rowAt(target);
    const item = row < 0 ? null : this._tree.item(row);
    if (item === null) {
      return;
    }
    if (target.closest('.emrnb-TreeTwisty') !== null && item.kind === 'entry') {
      this._tree.toggle(item);
    } else if (target.closest('.emrnb-TreeMore') !== null) {
      const { left, bottom } = target.getBoundingClientRect();
      this._menu.open(left, bottom);
    } else if (target.dataset.again !== undefined) {
      this._open(row);
    }
  }

  private _onPointer(event: PointerEvent): void {
    const target = event.target as HTMLElement;
    const item = this._tree.item(this._rows.rowAt(target));
    if (item?.entry && item.parent !== null && target.closest('button') === null) {
      this._drag.press(event, item.entry);
    }
  }

  private _onMenu(event: MouseEvent): void {
    if (event.shiftKey) {
      return; // the browser's own
    }
    event.preventDefault();
    event.stopPropagation();
    const row = this._rows.rowAt(event.target);
    if (row >= 0) {
      this._rows.moveTo(row);
      this._menu.open(event.clientX, event.clientY);
      return;
    }
    this._openMenu();
  }

  /** Opens the menu at the cursor. */
  private _openMenu(): void {
    const place = this._rows.nodeOf(this._rows.cursor)?.getBoundingClientRect();
    if (place) {
      this._menu.open(place.left + 24, place.bottom);
    }
  }

  private _onKey(event: KeyboardEvent): void {
    const item = this._tree.item(this._rows.cursor);
    const { target, folder } = this;
    const accel = event.ctrlKey || event.metaKey;
    const run: Record<string, () => void> = {
      ArrowRight: () => this._right(),
      ArrowLeft: () => this._left(),
      ' ': () => target?.parent && this._actions.preview(target),
      F2: () =>
        target && this._actions.canChange(target) && void this._actions.rename(target),
      Delete: () =>
        target && this._actions.canChange(target) && void this._actions.remove(target),
      ContextMenu: () => this._openMenu(),
      F10: () => event.shiftKey && this._openMenu(),
      F5: () => folder && void this._tree.refresh(folder),
      '/': () => this._path.node.focus()
    };
    const name = accel ? (event.key === 'c' ? 'copy' : '') : event.key;
    if (name === 'copy' && target !== null) {
      void this._actions.copyPath(target);
    } else if (!run[name] || item === null || event.altKey) {
      return;
    } else {
      run[name]();
    }
    event.preventDefault();
  }

  private _right(): void {
    const item = this._tree.item(this._rows.cursor);
    if (item?.node?.isExpanded) {
      this._rows.moveTo(this._rows.cursor + 1);
    } else if (item?.entry && isFolder(item.entry)) {
      this._tree.toggle(item);
    }
  }

  private _left(): void {
    const item = this._tree.item(this._rows.cursor);
    if (item?.kind === 'entry' && item.node?.isExpanded) {
      this._tree.toggle(item);
    } else if (item?.parent) {
      const { parent } = item;
      const { roots } = this._tree;
      const row = parent.parent ? parent.row : roots.indexOf(parent);
      this._rows.moveTo(this._tree.indexOf(parent.parent, row));
    }
  }

  private async _go(path: string): Promise<void> {
    try {
      await this._tree.reveal(path);
      this._strip.forgive(this._path);
      const { cursor } = this._tree;
      this._rows.moveTo(cursor, this._tree.item(cursor)?.node?.below);
      this._rows.node.focus({ preventScroll: true });
    } catch (error) {
      this._strip.fail(error, undefined, this._path);
    }
  }

  private async _filterBy(words: string): Promise<void> {
    const node = this._filtered ?? this._tree.folder;
    if (node !== null) {
      await this._tree.expand(node.entry, node.parent);
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
    const row = this._rows.rowAt(target);
    const item = row < 0 ? null : this._tree.item(row);
    if (item === null) {
      return this._target();
    }
    if (item.entry && isFolder(item.entry)) {
      return { entry: item.entry, parent: item.parent };
    }
    return item.parent && { entry: item.parent.entry, parent: item.parent.parent };
  }

  private _mark(target: EventTarget | null): void {
    const folder = target === null ? null : this._folderAt(target);
    const key = folder && keyOf(folder.entry);
    this._rows.toggleClass('emrnb-mod-dropTarget', folder !== null);
    for (const row of this._rows.node.querySelectorAll<HTMLElement>('.emrnb-Item')) {
      const item = this._tree.item(Number(row.dataset.row));
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
    const tree = this._tree;
    const { trans } = this._context;
    const notes: HTMLElement[] = [];
    if (tree.error) {
      const again = () => void tree.load();
      notes.push(drawFailure(tree.error, [trans.__('Try again'), again]));
    } else if (tree.isLoading) {
      notes.push(element('div', 'emrnb-TreeNote', trans.__('Loading…')));
    }
    this._note.replaceChildren(...notes);
    this._rows.node.setAttribute('aria-busy', String(tree.isLoading));
    this._rows.follow(tree.cursor);
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
      this._strip.forgive(this._failed);
    }
    this._failed = error;
    if (error !== null && folder !== null) {
      this._strip.fail(error, () => void this._tree.refresh(folder), error);
    }
  }

  private readonly _tree: FileTree;
  private readonly _sending: Sending;
  private readonly _strip: Strip;
  private readonly _actions: Actions;
  private readonly _drag: EntryDrag;
  private readonly _path: PathBox;
  private readonly _filter: FilterBox;
  private readonly _rows: Rows;
  private readonly _menu: MenuSvg;
  private readonly _note = element('div', 'emrnb-TreeNotes');
  private readonly _input = element('input', '');
  private _filtered: FolderNode | null = null;
  private _failed: unknown = null;
  private _frame = 0;
  private _isLoaded = false;
}
