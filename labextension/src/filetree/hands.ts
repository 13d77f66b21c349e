import type { TranslationBundle } from '@jupyterlab/translation';
import type { MenuSvg } from '@jupyterlab/ui-components';
import type { Rows } from '../panel/rows';
import type { Actions, ITarget } from './actions';
import type { EntryDrag } from './drag';
import { runKey } from './keys';
import { MOST_MARKED, type Marks } from './marks';
import type { FileTree } from './model';
import type { FolderNode } from './node';
import type { Strip } from './strip';
import { isFolder } from './tokens';

/** What hands reach in the tree. */
export interface IHandsPlace {
  readonly tree: FileTree;
  readonly rows: Rows;
  readonly marks: Marks;
  readonly actions: Actions;
  readonly drag: EntryDrag;
  readonly menu: MenuSvg;
  readonly strip: Strip;
  readonly trans: TranslationBundle;
  readonly target: ITarget | null;
  readonly targets: readonly ITarget[];
  readonly outermost: readonly ITarget[];
  readonly folder: FolderNode | null;
  /** Goes to the field of the path. */
  toPath(): void;
}

/** What pointers and keys do to the rows of the tree. */
export class Hands {
  constructor(private readonly _place: IHandsPlace) {}

  open(row: number): void {
    const item = this._place.tree.item(row);
    if (item === null) {
      return;
    }
    if (item.kind === 'entry' && item.entry) {
      const { entry, parent } = item;
      if (isFolder(entry)) {
        this._place.tree.toggle(item);
      } else {
        this._place.actions.preview({ entry, parent });
      }
    } else if (item.kind !== 'entry' && item.parent?.folder.error) {
      void this._place.tree.refresh(item.parent);
    }
  }

  onClick(event: MouseEvent): void {
    const target = event.target as HTMLElement;
    const row = this._place.rows.rowAt(target);
    const item = row < 0 ? null : this._place.tree.item(row);
    if (item === null) {
      return;
    }
    if (event.shiftKey || event.ctrlKey || event.metaKey) {
      return; // it was selected
    }
    if (target.closest('.emrnb-TreeTwisty') !== null && item.kind === 'entry') {
      this._place.tree.toggle(item);
    } else if (target.closest('.emrnb-TreeMore') !== null) {
      const { left, bottom } = target.getBoundingClientRect();
      this._place.menu.open(left, bottom);
    } else if (target.dataset.again !== undefined) {
      this.open(row);
    }
  }

  onPointer(event: PointerEvent): void {
    const target = event.target as HTMLElement;
    const item = this._place.tree.item(this._place.rows.rowAt(target));
    if (item?.entry && item.parent !== null && target.closest('button') === null) {
      const { targets } = this._place;
      const entries = targets.map(one => one.entry);
      this._place.drag.press(
        event,
        this._place.marks.has(item) ? entries : [item.entry]
      );
    }
  }

  onMenu(event: MouseEvent): void {
    if (event.shiftKey) {
      return; // the browser's own
    }
    event.preventDefault();
    event.stopPropagation();
    const row = this._place.rows.rowAt(event.target);
    if (row >= 0) {
      const isMarked = this._place.marks.has(this._place.tree.item(row));
      this._place.rows.moveTo(row, 0, isMarked ? 'keep' : 'only');
      this._place.menu.open(event.clientX, event.clientY);
      return;
    }
    this._openMenu();
  }

  /** Opens the menu at the cursor. */
  private _openMenu(): void {
    const place = this._place.rows
      .nodeOf(this._place.rows.cursor)
      ?.getBoundingClientRect();
    if (place) {
      this._place.menu.open(place.left + 24, place.bottom);
    }
  }

  onKey(event: KeyboardEvent): void {
    const { target } = this._place;
    const isDone = runKey(event, {
      isEntry: this._place.tree.item(this._place.rows.cursor) !== null,
      right: () => this._right(),
      left: () => this._left(),
      preview: () => target?.parent && this._place.actions.preview(target),
      rename: () =>
        target &&
        this._place.actions.canChange(target) &&
        void this._place.actions.rename(target),
      remove: () => this._remove(),
      menu: () => this._openMenu(),
      refresh: () =>
        this._place.folder && void this._place.tree.refresh(this._place.folder),
      path: () => this._place.toPath(),
      copy: () => void this._place.actions.copyPaths(this._place.targets),
      toggle: () =>
        void this.mark(this._place.marks.take(this._place.rows.cursor, 'toggle')),
      all: () => {
        const held = target?.parent ?? this._place.folder;
        return held && void this.mark(this._place.marks.all(held));
      },
      clear: () => {
        this._place.marks.clear();
        this._place.rows.draw();
      }
    });
    if (isDone) {
      event.preventDefault();
    }
  }

  private _remove(): void {
    const { outermost } = this._place;
    if (
      outermost.length > 0 &&
      outermost.every(one => this._place.actions.canChange(one))
    ) {
      void this._place.actions.remove(outermost);
    }
  }

  /** Draws what was marked, once all of it is; says where that was too much. */
  async mark(marking: Promise<boolean>): Promise<void> {
    this._place.rows.draw();
    const { trans } = this._place;
    try {
      if (!(await marking)) {
        this._place.strip.say(trans.__('Selected the first %1 entries', MOST_MARKED));
      } else if (this._place.marks.count > 1) {
        this._place.strip.say(trans.__('%1 selected', this._place.marks.count));
      }
    } catch (error) {
      this._place.strip.fail(error);
    }
    this._place.rows.draw();
  }

  private _right(): void {
    const item = this._place.tree.item(this._place.rows.cursor);
    if (item?.node?.isExpanded) {
      this._place.rows.moveTo(this._place.rows.cursor + 1);
    } else if (item?.entry && isFolder(item.entry)) {
      this._place.tree.toggle(item);
    }
  }

  private _left(): void {
    const item = this._place.tree.item(this._place.rows.cursor);
    if (item?.kind === 'entry' && item.node?.isExpanded) {
      this._place.tree.toggle(item);
    } else if (item?.parent) {
      const { parent } = item;
      const { roots } = this._place.tree;
      const row = parent.parent ? parent.row : roots.indexOf(parent);
      this._place.rows.moveTo(this._place.tree.indexOf(parent.parent, row));
    }
  }
}
