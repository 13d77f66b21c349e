import type { TranslationBundle } from '@jupyterlab/translation';
import { Columns } from './columns';
import { copyRange } from './copying';
import { element, titled } from './dom';
import { DOUBLE_PRESS, ICON_WIDTH, type IGridOptions } from './gridOptions';
import {
  bodyHeight,
  columnWindow,
  HEAD_HEIGHT,
  ROW_HEIGHT,
  rowWindow,
  scrollTo
} from './geometry';
import { GridRows } from './gridRows';
import { Head } from './head';
import { moved, rangeOf, type ICell, type IRange } from './selection';
import type { IGridModel } from './tokens';

/** Rows seen at once before the grid scrolls. */
const SEEN_ROWS = 15;

/**
 * The scrolling part: only what is seen, and a little more, is in the document.
 *
 * The caller puts `node` somewhere, calls `draw` when data or size changed, and `dispose`.
 */
export class Grid {
  constructor(
    private readonly _model: IGridModel,
    private readonly _trans: TranslationBundle,
    private readonly _say: (text: string) => void,
    private readonly _options: IGridOptions = {}
  ) {
    this._hasNumbers = _options.hasNumbers ?? true;
    this._headHeight = _options.headHeight ?? HEAD_HEIGHT;
    this._columns = new Columns(
      _model.columns,
      this._hasNumbers,
      _options.isList ? ICON_WIDTH : 0
    );
    this._head = new Head(
      _model,
      this._columns,
      _trans,
      () => this.draw(true),
      this._hasNumbers
    );
    this.node.tabIndex = 0;
    this.node.setAttribute('role', 'grid');
    this.node.setAttribute('aria-label', _options.label ?? _trans.__('Result table'));
    this.node.setAttribute('aria-multiselectable', 'true');
    this.node.setAttribute('aria-readonly', 'true');
    this.node.setAttribute(
      'aria-colcount',
      String(this._columns.columns.length + (this._hasNumbers ? 1 : 0))
    );
    this._rows = new GridRows(
      _model,
      this._columns,
      _options,
      this._hasNumbers,
      (row, column) => this._id(row, column)
    );
    const body = this._rows.node;
    this.node.append(this._head.node, body);
    this.node.addEventListener('scroll', () => this._onScroll());
    this.node.addEventListener('keydown', event => this._onKey(event));
    // what is pressed elsewhere in between makes two presses of one row
    this.node.addEventListener('focusout', () => (this._pressed = null));
    body.addEventListener('pointerdown', event => this._onPointerDown(event));
    body.addEventListener('pointermove', event => this._onPointerMove(event));
    body.addEventListener('pointerover', event => this._onPointerOver(event));
    this._observer = new ResizeObserver(() => this.draw());
    this._observer.observe(this.node);
  }

  readonly node = element('div', 'emrnb-Grid');

  dispose(): void {
    this._observer.disconnect();
  }

  /** Draws what is seen now; `remeasure` after a width may have changed. */
  draw(remeasure = false): void {
    if (!this.node.isConnected) {
      return;
    }
    const rows = this._model.rowCount;
    if (remeasure || !this._isMeasured) {
      this._measure();
    }
    // a detached node forgets where it was scrolled to
    if (this.node.scrollTop !== this._scrollTop && this._isReattached) {
      this.node.scrollTop = this._scrollTop;
    }
    this._isReattached = false;
    if (this._options.isList) {
      this._columns.fill(this.node.clientWidth);
    }
    this.node.setAttribute('aria-rowcount', String(rows + 1));
    const height = bodyHeight(rows);
    const most = this._options.mostRows ?? SEEN_ROWS;
    const seen = Math.min(height, most * ROW_HEIGHT);
    const least = (this._options.leastRows ?? 1) * ROW_HEIGHT;
    this.node.style.height = `${this._headHeight + Math.max(seen, least) + this._barHeight()}px`;
    this._rows.node.style.height = `${height}px`;
    this._rows.node.style.width = `${this._columns.total}px`;
    const left = this.node.scrollLeft;
    const [first, stop] = columnWindow(
      this._columns.offsets,
      left + this._columns.gutter,
      left + this.node.clientWidth
    );
    this._head.draw(first, stop, this._cursor?.row === -1 ? this._cursor.column : -1);
    this._drawRows(first, stop);
  }

  /** To be called when the node comes back into the document. */
  reattached(): void {
    this._isReattached = true;
    this.draw();
  }

  /** The row that has the cursor; −1 for none, or the header. */
  get row(): number {
    return this._cursor?.row ?? -1;
  }

  /** Puts the cursor on a row, or takes it away with −1. */
  moveTo(row: number): void {
    if (row < 0) {
      this._clear();
    } else {
      const cell = { row, column: this._cursor?.column ?? 0 };
      this._select(cell, cell);
    }
  }

  private _drawRows(firstColumn: number, stopColumn: number): void {
    const seen = rowWindow(
      this._model.rowCount,
      this.node.scrollTop,
      this._seenHeight()
    );
    this._model.want(seen.first, seen.stop);
    const marks = { range: this._range, cursor: this._cursor };
    this._rows.draw(seen, firstColumn, stopColumn, marks);
    const cursor = this._cursor;
    // only a cell that is drawn can be told as the one with the cursor
    if (
      cursor !== null &&
      (cursor.row === -1 || this._rows.isDrawn(cursor.row)) &&
      cursor.column >= firstColumn &&
      cursor.column < stopColumn
    ) {
      const active = this._id(cursor.row, cursor.column);
      this.node.setAttribute('aria-activedescendant', active);
    } else {
      this.node.removeAttribute('aria-activedescendant');
    }
  }

  private _measure(): void {
    const style = window.getComputedStyle(this.node);
    const rows = [];
    for (let i = 0; i < Math.min(60, this._model.rowCount); i++) {
      const row = this._model.row(i);
      if (row !== undefined) {
        rows.push(row);
      }
    }
    // a list begins empty, and its rows come later
    this._isMeasured =
      rows.length > 0 || (this._model.rowCount === 0 && !this._options.isList);
    const count = Math.max(this._model.rowCount, this._model.held);
    this._columns.measure(rows, count, `${style.fontSize} ${style.fontFamily}`);
  }

  private _seenHeight(): number {
    return Math.max(ROW_HEIGHT, this.node.clientHeight - this._headHeight);
  }

  private _barHeight(): number {
    return this._columns.total > this.node.clientWidth
      ? this.node.offsetHeight - this.node.clientHeight
      : 2;
  }

  private _onScroll(): void {
    if (!this.node.isConnected || this._isReattached) {
      return;
    }
    this._scrollTop = this.node.scrollTop;
    this.draw();
  }

  private _onKey(event: KeyboardEvent): void {
    const accel = event.ctrlKey || event.metaKey;
    const key = event.key;
    if (this._options.onKey?.(event)) {
      // taken
    } else if (accel && key.toLowerCase() === 'c' && this._range) {
      if (this._options.onCopy) {
        this._options.onCopy(this._range);
      } else {
        void copyRange(this._model, this._range, this._trans).then(this._say);
      }
    } else if (accel && key.toLowerCase() === 'a') {
      const column = this._columns.columns.length - 1;
      this._select({ row: 0, column: 0 }, { row: this._model.rowCount - 1, column });
    } else if (key === 'Escape' && this._cursor) {
      this._clear();
    } else if (key === 'Enter' && this._cursor?.row === -1) {
      this._head.toggleSort(this._cursor.column);
    } else if (key === 'Enter' && this._cursor && this._options.onOpen) {
      this._options.onOpen(this._cursor.row);
    } else if (!event.altKey && this._move(event, accel)) {
      // moved
    } else {
      // the notebook's own letters, and cutting a cell, are not meant when a table has the focus
      if (key.length === 1 && (!accel || 'xv'.includes(key.toLowerCase()))) {
        event.stopPropagation();
      }
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  private _move(event: KeyboardEvent, jump: boolean): boolean {
    const target = moved(event.key, jump, this._cursor ?? { row: -1, column: 0 }, {
      rows: this._model.rowCount,
      columns: this._columns.columns.length,
      page: Math.max(1, Math.floor(this._seenHeight() / ROW_HEIGHT) - 1)
    });
    if (target === null) {
      return false;
    }
    const anchor = event.shiftKey && target.row >= 0 ? this._anchor : null;
    this._select(anchor ?? target, target);
    return true;
  }

  private _select(anchor: ICell, cursor: ICell): void {
    this._anchor = anchor;
    this._cursor = cursor;
    const range = cursor.row < 0 ? null : rangeOf(anchor, cursor);
    if (range !== null && this._options.isList) {
      range.left = 0;
      range.right = this._columns.columns.length - 1;
    }
    this._range = range;
    this._reveal(cursor);
    this.draw();
    this._options.onSelected?.(range, cursor.row);
  }

  private _clear(): void {
    this._anchor = this._cursor = this._range = null;
    this.draw();
    this._options.onSelected?.(null, -1);
  }

  private _reveal(cell: ICell): void {
    if (cell.row >= 0) {
      this.node.scrollTop = scrollTo(
        cell.row,
        this._model.rowCount,
        this.node.scrollTop,
        this._seenHeight()
      );
    }
    const left = this._columns.offsets[cell.column] ?? 0;
    const right = left + this._columns.width(cell.column);
    if (left - this._columns.gutter < this.node.scrollLeft) {
      this.node.scrollLeft = left - this._columns.gutter;
    } else if (right > this.node.scrollLeft + this.node.clientWidth) {
      this.node.scrollLeft = right - this.node.clientWidth;
    }
  }

  private _hit(event: PointerEvent): { row: number; column: number | null } | null {
    const target = event.target instanceof HTMLElement ? event.target : null;
    const row = target?.closest<HTMLElement>('.emrnb-Row')?.dataset.row;
    if (row === undefined) {
      return null;
    }
    const column = target?.closest<HTMLElement>('.emrnb-Cell')?.dataset.column;
    return { row: Number(row), column: column === undefined ? null : Number(column) };
  }

  private _onPointerDown(event: PointerEvent): void {
    const hit = this._hit(event);
    if (hit === null || event.button !== 0) {
      return;
    }
    const last = this._columns.columns.length - 1;
    const anchor = event.shiftKey ? this._anchor : null;
    if (hit.column === null) {
      this._select(
        { row: anchor?.row ?? hit.row, column: 0 },
        { row: hit.row, column: last }
      );
    } else {
      const cell = { row: hit.row, column: hit.column };
      this._select(anchor ?? cell, cell);
    }
    this.node.focus({ preventScroll: true });
    event.preventDefault(); // no text selection beside ours
    this._watchDouble(event, hit.row);
  }

  /** A row is drawn anew when it is pressed, so the browser knows no double click on one. */
  private _watchDouble(event: PointerEvent, row: number): void {
    const last = this._pressed;
    this._pressed = { row, time: event.timeStamp };
    if (last?.row === row && event.timeStamp - last.time < DOUBLE_PRESS) {
      this._pressed = null;
      this._options.onOpen?.(row);
    }
  }

  private _onPointerMove(event: PointerEvent): void {
    const hit = (event.buttons & 1) === 1 ? this._hit(event) : null;
    if (hit === null || hit.column === null || this._anchor === null) {
      return;
    }
    if (hit.row !== this._cursor?.row || hit.column !== this._cursor.column) {
      this._select(this._anchor, { row: hit.row, column: hit.column });
    }
  }

  private _onPointerOver(event: PointerEvent): void {
    const hit = this._hit(event);
    const target = event.target as HTMLElement;
    if (hit !== null && hit.column !== null && !target.title) {
      target.title = titled(this._model.row(hit.row)?.[hit.column] ?? '');
    }
  }

  private _id(row: number, column: number): string {
    return row < 0 ? this._head.id(column) : `${this._head.prefix}-${row}-${column}`;
  }

  private readonly _hasNumbers: boolean;
  private readonly _headHeight: number;
  private readonly _columns: Columns;
  private readonly _head: Head;
  private readonly _rows: GridRows;
  private readonly _observer: ResizeObserver;
  private _isMeasured = false;
  private _isReattached = false;
  private _scrollTop = 0;
  private _anchor: ICell | null = null;
  private _cursor: ICell | null = null;
  private _range: IRange | null = null;
  private _pressed: { row: number; time: number } | null = null;
}
