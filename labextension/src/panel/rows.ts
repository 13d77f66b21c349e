import type { Message } from '@lumino/messaging';
import { UUID } from '@lumino/coreutils';
import { Signal, type ISignal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';
import { bodyHeight, ROW_HEIGHT, rowWindow, scrollTo } from '../geometry';
import { element } from '../dom';
import { morph } from './morph';

/** How a row is gone to: it alone is selected, all up to it, it as well, or nothing changes. */
export type How = 'only' | 'extend' | 'toggle' | 'keep';

/** A row that somebody went to. */
export interface IPick {
  readonly row: number;
  readonly how: How;
}

/** What a list of rows draws from. */
export interface IRowsSource {
  readonly count: number;
  /** Says what a row looks like, so that one which looks the same is not drawn anew. */
  look(index: number): string;
  /** Draws a row; one of a tree sets `aria-level`, `aria-expanded` and its place itself. */
  draw(index: number): HTMLElement;
  /** Whether a row is selected, where several can be: Shift and Ctrl then select more. */
  isSelected?(index: number): boolean;
  /** Told before rows are drawn, so that they can be fetched. */
  want?(first: number, stop: number): void;
}

export namespace Rows {
  export interface IOptions {
    /**
     * The element's role. Rows of a `listbox` or `tree` are walked by its keys, and one has the
     * cursor; those of a `list` hold buttons, which have the focus themselves.
     */
    role: 'listbox' | 'tree' | 'list';
    label: string;
    rowHeight?: number;
    /** Most rows seen at once before the list scrolls; without it the list fills its place. */
    mostSeen?: number;
  }
}

const ROW_ROLES = { listbox: 'option', tree: 'treeitem', list: 'listitem' } as const;

/** A list of rows of one height; only those that are seen are in the document. */
export class Rows extends Widget {
  constructor(
    private readonly _source: IRowsSource,
    private readonly _options: Rows.IOptions
  ) {
    super();
    this.addClass('emrnb-Rows');
    this._isList = _options.role === 'list';
    this.node.tabIndex = this._isList ? -1 : 0;
    this.node.setAttribute('role', _options.role);
    this.node.setAttribute('aria-label', _options.label);
    if (_source.isSelected) {
      this.node.setAttribute('aria-multiselectable', 'true');
    }
    this.node.append(this._body);
    this.node.addEventListener('scroll', () => this.draw());
    this.node.addEventListener('keydown', event => this._onKey(event));
    this.node.addEventListener('click', event => this._onClick(event));
    this.node.addEventListener('dblclick', event => this._onDouble(event));
    this._observer = new ResizeObserver(() => this.draw());
  }

  /** The row that has the cursor; −1 for none. */
  get cursor(): number {
    return this._cursor;
  }

  /** The cursor is about to move, and how that selects. */
  get picked(): ISignal<Rows, IPick> {
    return this._picked;
  }

  /** The cursor was moved, by a key or a press. */
  get moved(): ISignal<Rows, number> {
    return this._moved;
  }

  /** A row was opened: Enter, or a double click. */
  get opened(): ISignal<Rows, number> {
    return this._opened;
  }

  /** Keys that the list itself has no use for; who handles one prevents its default. */
  get pressed(): ISignal<Rows, KeyboardEvent> {
    return this._pressed;
  }

  override dispose(): void {
    this._observer.disconnect();
    super.dispose();
  }

  /** Returns the row that an element lies in; −1 for none. */
  rowAt(target: EventTarget | null): number {
    const row = (target as HTMLElement | null)?.closest<HTMLElement>('.emrnb-Item');
    return row && this._body.contains(row) ? Number(row.dataset.row) : -1;
  }

  /** Moves the cursor to a row, and shows of those after it as many of `below` as it can. */
  moveTo(row: number, below = 0, how: How = 'only'): void {
    const to = Math.max(-1, Math.min(row, this._source.count - 1));
    this._picked.emit({ row: to, how });
    this._cursor = to;
    if (this._cursor >= 0) {
      this._sizeBody(); // which limits how far can be scrolled
      this._reveal(Math.min(this._cursor + below, this._source.count - 1));
      this._reveal(this._cursor);
    }
    this.draw();
    this._moved.emit(this._cursor);
  }

  /** Keeps the cursor on what moved to another row; nothing is scrolled, nobody told. */
  follow(row: number): void {
    this._cursor = Math.max(-1, Math.min(row, this._source.count - 1));
    this.draw();
  }

  /** Returns the element of a row, if it is in the document. */
  nodeOf(row: number): HTMLElement | null {
    return this._shown.get(row)?.node ?? null;
  }

  /** Draws what is seen now; to be called when the source changed. */
  draw(): void {
    if (!this.isAttached) {
      return;
    }
    const count = this._source.count;
    this._cursor = Math.min(this._cursor, count - 1);
    this._sizeBody();
    const seen = rowWindow(
      count,
      this.node.scrollTop,
      this.node.clientHeight,
      this._rowHeight
    );
    this._source.want?.(seen.first, seen.stop);
    const before = this._shown;
    const shown = new Map<number, { node: HTMLElement; look: string }>();
    for (const i of this._drawn(seen.first, seen.stop)) {
      const row = this._newest(i, count);
      if (!this._isList) {
        // not drawn anew for the cursor: a browser knows no double click on a new element
        const isSelected = this._source.isSelected?.(i) ?? i === this._cursor;
        row.node.classList.toggle('emrnb-mod-cursor', i === this._cursor);
        row.node.classList.toggle('emrnb-mod-selected', isSelected);
        row.node.setAttribute('aria-selected', String(isSelected));
      }
      row.node.style.top = `${seen.top + (i - seen.first) * this._rowHeight}px`;
      shown.set(i, row);
    }
    before.forEach((row, i) => shown.get(i)?.node !== row.node && row.node.remove());
    let at = this._body.firstChild;
    shown.forEach(row => {
      if (row.node === at) {
        at = at.nextSibling;
      } else {
        this._body.insertBefore(row.node, at);
      }
    });
    this._shown = shown;
    if (!this._isList) {
      const active = shown.has(this._cursor) ? this._id(this._cursor) : '';
      this.node.setAttribute('aria-activedescendant', active);
    }
  }

  /** Scrolls so that a row is wholly seen, and draws it. */
  bring(row: number): void {
    this._sizeBody();
    this._reveal(row);
    this.draw();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._observer.observe(this.node);
    this.draw();
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.draw();
  }

  /** Returns the rows to draw, from the top: a row that has the focus is never taken away. */
  private _drawn(first: number, stop: number): number[] {
    const rows = Array.from({ length: stop - first }, (_, i) => first + i);
    const focused = this._isList ? this.rowAt(document.activeElement) : -1;
    if (focused >= 0 && focused < this._source.count) {
      if (focused < first) {
        rows.unshift(focused);
      } else if (focused >= stop) {
        rows.push(focused);
      }
    }
    return rows;
  }

  /** Returns a row as it looks now; of a list it is made so in place, its buttons stay. */
  private _newest(i: number, count: number): { node: HTMLElement; look: string } {
    const look = `${this._source.look(i)}\n${count}`;
    const had = this._shown.get(i);
    if (had?.look === look) {
      return had;
    }
    const node = this._row(i, count);
    return { node: had && this._isList ? morph(had.node, node) : node, look };
  }

  private _sizeBody(): void {
    const { count } = this._source;
    if (this._options.mostSeen !== undefined) {
      const seen = Math.min(count, this._options.mostSeen);
      this.node.style.height = `${seen * this._rowHeight}px`;
    }
    this._body.style.height = `${bodyHeight(count, this._rowHeight)}px`;
  }

  private _row(index: number, count: number): HTMLElement {
    const row = this._source.draw(index);
    row.classList.add('emrnb-Item');
    row.id = this._id(index);
    row.dataset.row = String(index);
    row.style.height = `${this._rowHeight}px`;
    row.setAttribute('role', ROW_ROLES[this._options.role]);
    if (!row.hasAttribute('aria-setsize')) {
      row.setAttribute('aria-setsize', String(count));
      row.setAttribute('aria-posinset', String(index + 1));
    }
    return row;
  }

  private _onKey(event: KeyboardEvent): void {
    const page = Math.max(1, Math.floor(this.node.clientHeight / this._rowHeight) - 1);
    const steps: Record<string, number> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      Home: -Infinity,
      End: Infinity
    };
    const step = steps[event.key];
    if (event.target !== this.node || this._isList) {
      return; // a button within a row
    }
    const isMany = this._source.isSelected !== undefined;
    const accel = event.ctrlKey || event.metaKey;
    if (step !== undefined && !event.altKey && (!accel || isMany)) {
      const how = accel ? 'keep' : event.shiftKey && isMany ? 'extend' : 'only';
      this.moveTo(Math.max(0, this._cursor + step), 0, how);
    } else if (event.key === 'Enter' && this._cursor >= 0) {
      this._opened.emit(this._cursor);
    } else {
      this._pressed.emit(event);
      if (!event.defaultPrevented) {
        return;
      }
    }
    event.preventDefault();
    event.stopPropagation();
  }

  private _onClick(event: MouseEvent): void {
    const row = this.rowAt(event.target);
    if (row >= 0 && !this._isList) {
      const isMany = this._source.isSelected !== undefined;
      const accel = event.ctrlKey || event.metaKey;
      const how = event.shiftKey ? 'extend' : accel ? 'toggle' : 'only';
      this.moveTo(row, 0, isMany ? how : 'only');
    }
  }

  private _onDouble(event: MouseEvent): void {
    const row = this.rowAt(event.target);
    const isButton = (event.target as HTMLElement).closest('button') !== null;
    if (row >= 0 && !isButton) {
      this._opened.emit(row);
    }
  }

  private _reveal(row: number): void {
    this.node.scrollTop = scrollTo(
      row,
      this._source.count,
      this.node.scrollTop,
      this.node.clientHeight,
      this._rowHeight
    );
  }

  private _id(row: number): string {
    return `${this._prefix}-${row}`;
  }

  private get _rowHeight(): number {
    return this._options.rowHeight ?? ROW_HEIGHT;
  }

  private readonly _isList: boolean;
  private readonly _body = element('div', 'emrnb-RowsBody');
  private readonly _prefix = `emrnb-rows-${UUID.uuid4()}`;
  private readonly _picked = new Signal<Rows, IPick>(this);
  private readonly _moved = new Signal<Rows, number>(this);
  private readonly _opened = new Signal<Rows, number>(this);
  private readonly _pressed = new Signal<Rows, KeyboardEvent>(this);
  private readonly _observer: ResizeObserver;
  private _shown: ReadonlyMap<number, { node: HTMLElement; look: string }> = new Map();
  private _cursor = -1;
}
