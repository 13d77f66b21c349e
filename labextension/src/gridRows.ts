import type { Columns } from './columns';
import { element, fillCell } from './dom';
import { ROW_HEIGHT, type IWindow } from './geometry';
import type { IGridOptions } from './gridOptions';
import { contains, type ICell, type IRange } from './selection';
import type { IGridModel } from './tokens';

type Values = readonly (string | null | undefined)[];

/** What of a selection is seen in rows. */
export interface IMarks {
  range: IRange | null;
  cursor: ICell | null;
}

/** A row in the document, and what it was made from. */
interface IShown {
  node: HTMLElement;
  mark: string;
  values: Values | undefined;
}

/**
 * The rows that are seen.
 *
 * Those whose values and marks are as they were stay in the document as they are: a frame of
 * scrolling makes only the rows that come into view.
 */
export class GridRows {
  constructor(
    private readonly _model: IGridModel,
    private readonly _columns: Columns,
    private readonly _options: IGridOptions,
    private readonly _hasNumbers: boolean,
    private readonly _id: (row: number, column: number) => string
  ) {
    this.node.setAttribute('role', 'rowgroup');
  }

  readonly node = element('div', 'emrnb-Body');

  /** Draws the rows of a window, and of each the columns `first` … `stop` − 1. */
  draw(seen: IWindow, first: number, stop: number, marks: IMarks): void {
    const before = this._keep(first, stop);
    const shown = new Map<number, IShown>();
    for (let i = seen.first; i < seen.stop; i++) {
      const mark = this._mark(i, marks);
      const values = this._model.row(i);
      const had = before.get(i);
      const row =
        had?.mark === mark && isSame(had.values, values)
          ? had
          : { node: this._row(i, first, stop, values, marks), mark, values };
      const top = `${seen.top + (i - seen.first) * ROW_HEIGHT}px`;
      if (row.node.style.top !== top) {
        row.node.style.top = top;
      }
      shown.set(i, row);
    }
    this.node.classList.toggle('emrnb-mod-stale', this._model.isStale);
    before.forEach((row, i) => shown.get(i) !== row && row.node.remove());
    let at = this.node.firstChild;
    shown.forEach(row => {
      if (row.node === at) {
        at = at.nextSibling;
      } else {
        this.node.insertBefore(row.node, at);
      }
    });
    this._shown = shown;
  }

  /** Tells whether a row was among those of the last drawing. */
  isDrawn(row: number): boolean {
    return this._shown.has(row);
  }

  /** Returns the rows of the last drawing, none of them if other columns are seen now. */
  private _keep(first: number, stop: number): ReadonlyMap<number, IShown> {
    const columns = [
      first,
      stop,
      this._columns.gutter,
      ...this._columns.offsets
    ].join();
    if (columns !== this._drawn) {
      this._drawn = columns;
      this._shown.clear();
      this.node.replaceChildren();
    }
    return this._shown;
  }

  /** Returns all but the values that a row's looks hang on. */
  private _mark(index: number, { range, cursor }: IMarks): string {
    const isIn = range !== null && index >= range.top && index <= range.bottom;
    return [
      isIn ? `${range.left}-${range.right}` : '',
      cursor?.row === index ? cursor.column : '',
      this._options.mark?.(index) ?? ''
    ].join();
  }

  private _row(
    index: number,
    first: number,
    stop: number,
    values: Values | undefined,
    marks: IMarks
  ): HTMLElement {
    const row = element('div', index % 2 ? 'emrnb-Row emrnb-mod-odd' : 'emrnb-Row');
    row.setAttribute('role', 'row');
    row.setAttribute('aria-rowindex', String(index + 2));
    row.dataset.row = String(index);
    if (this._hasNumbers) {
      const number = element('div', 'emrnb-RowNumber', String(index + 1));
      number.setAttribute('role', 'rowheader');
      number.setAttribute('aria-colindex', '1');
      number.style.width = `${this._columns.gutter}px`;
      row.append(number);
    }
    const range = this._options.isList ? marks.range : null;
    const isSelected = range !== null && index >= range.top && index <= range.bottom;
    row.classList.toggle('emrnb-mod-selected', isSelected);
    for (let column = first; column < stop; column++) {
      row.append(this._cell(index, column, values?.[column], marks));
    }
    return row;
  }

  private _cell(
    row: number,
    column: number,
    value: string | null | undefined,
    { range, cursor }: IMarks
  ): HTMLElement {
    const cell = element('div', 'emrnb-Cell');
    cell.id = this._id(row, column);
    const isName = !this._hasNumbers && column === 0;
    cell.setAttribute('role', isName ? 'rowheader' : 'gridcell');
    cell.setAttribute('aria-colindex', String(column + (this._hasNumbers ? 2 : 1)));
    cell.dataset.column = String(column);
    cell.style.left = `${this._columns.offsets[column] ?? 0}px`;
    cell.style.width = `${this._columns.width(column)}px`;
    const names = cell.classList;
    names.toggle('emrnb-mod-right', this._columns.columns[column]?.kind === 'number');
    fillCell(cell, value);
    const selected = range !== null && contains(range, row, column);
    names.toggle('emrnb-mod-selected', selected);
    cell.setAttribute('aria-selected', String(selected));
    names.toggle('emrnb-mod-cursor', cursor?.row === row && cursor.column === column);
    this._options.decorate?.(cell, row, column);
    return cell;
  }

  private _shown = new Map<number, IShown>();
  private _drawn = '';
}

function isSame(one: Values | undefined, other: Values | undefined): boolean {
  return (
    one === other ||
    (one?.length === other?.length && (one?.every((v, i) => v === other?.[i]) ?? false))
  );
}
