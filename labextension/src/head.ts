import type { TranslationBundle } from '@jupyterlab/translation';
import { UUID } from '@lumino/coreutils';
import type { Columns } from './columns';
import { element } from './dom';
import type { IColumn, IGridModel } from './tokens';

/** The sticky header: names, types, order, and handles that drag a column's width. */
export class Head {
  constructor(
    private readonly _model: IGridModel,
    private readonly _columns: Columns,
    private readonly _trans: TranslationBundle,
    private readonly _onResized: () => void,
    private readonly _hasNumbers = true
  ) {
    this.node.setAttribute('role', 'rowgroup');
    this._row.setAttribute('role', 'row');
    this._row.setAttribute('aria-rowindex', '1');
    this.node.append(this._row);
  }

  readonly node = element('div', 'emrnb-Head');

  /** Sets this grid's ids apart from those of its neighbours. */
  readonly prefix = `emrnb-${UUID.uuid4()}`;

  id(column: number): string {
    return `${this.prefix}-head-${column}`;
  }

  /** Draws columns `first` … `stop` − 1; `cursor` is the one that has the keyboard, or −1. */
  draw(first: number, stop: number, cursor: number): void {
    if (this._isDragging) {
      this._placeOnly();
      this._drawn = '';
      return;
    }
    const { state, sort } = this._model;
    const looks = [first, stop, cursor, state, sort?.column, sort?.descending];
    const drawn = [...looks, this._columns.gutter, ...this._columns.offsets].join();
    if (drawn === this._drawn) {
      return; // most frames of scrolling: nothing for the browser to lay out anew
    }
    this._drawn = drawn;
    this.node.style.width = `${this._columns.total}px`;
    const corner = element('div', 'emrnb-Corner');
    corner.setAttribute('role', 'columnheader');
    corner.setAttribute('aria-label', this._trans.__('Row'));
    corner.style.width = `${this._columns.gutter}px`;
    const cells: HTMLElement[] = this._hasNumbers ? [corner] : [];
    for (let i = first; i < stop; i++) {
      const column = this._columns.columns[i];
      if (column !== undefined) {
        cells.push(this._cell(column, i, i === cursor));
      }
    }
    this._row.replaceChildren(...cells);
  }

  /** Goes round: rising, falling, the result's own order. */
  toggleSort(column: number): void {
    if (this._model.state !== 'live') {
      return;
    }
    const sort = this._model.sort;
    if (sort?.column !== column) {
      this._model.setSort({ column, descending: false });
    } else {
      this._model.setSort(sort.descending ? null : { column, descending: true });
    }
  }

  private _cell(column: IColumn, index: number, hasCursor: boolean): HTMLElement {
    const cell = element('div', 'emrnb-HeadCell');
    const live = this._model.state === 'live';
    const sort = this._model.sort?.column === index ? this._model.sort : null;
    cell.id = this.id(index);
    cell.setAttribute('role', 'columnheader');
    cell.setAttribute('aria-colindex', String(index + (this._hasNumbers ? 2 : 1)));
    cell.dataset.column = String(index);
    cell.title = [column.name, column.type].filter(Boolean).join('\n');
    cell.style.left = `${this._columns.offsets[index] ?? 0}px`;
    cell.style.width = `${this._columns.width(index)}px`;
    cell.classList.toggle('emrnb-mod-right', column.kind === 'number');
    cell.classList.toggle('emrnb-mod-sortable', live);
    cell.classList.toggle('emrnb-mod-sorted', sort !== null);
    cell.classList.toggle('emrnb-mod-cursor', hasCursor);
    const order = sort ? (sort.descending ? 'descending' : 'ascending') : 'none';
    cell.setAttribute('aria-sort', order);
    const name = element('div', 'emrnb-Name');
    const mark = element(
      'span',
      'emrnb-Order',
      sort ? (sort.descending ? '↓' : '↑') : ''
    );
    mark.setAttribute('aria-hidden', 'true');
    name.append(element('span', 'emrnb-NameText', column.name), mark);
    cell.append(name);
    if (column.type) {
      cell.append(element('div', 'emrnb-Type', column.type));
    }
    cell.append(this._handle(index));
    cell.addEventListener('click', () => this.toggleSort(index));
    return cell;
  }

  private _handle(index: number): HTMLElement {
    const handle = element('div', 'emrnb-Handle');
    handle.addEventListener('click', event => event.stopPropagation());
    handle.addEventListener('dblclick', event => {
      event.stopPropagation();
      this._columns.release(index);
      this._onResized();
    });
    handle.addEventListener('pointerdown', event => this._drag(event, handle, index));
    return handle;
  }

  private _drag(event: PointerEvent, handle: HTMLElement, index: number): void {
    if (event.button !== 0) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    const start = event.clientX;
    const width = this._columns.width(index);
    const onMove = (move: PointerEvent) => {
      this._columns.resize(index, width + move.clientX - start);
      this._onResized();
    };
    const onEnd = () => {
      this._isDragging = false;
      handle.removeEventListener('pointermove', onMove);
      this._onResized();
    };
    this._isDragging = true; // a redrawn handle would lose the pointer
    handle.setPointerCapture(event.pointerId);
    handle.addEventListener('pointermove', onMove);
    handle.addEventListener('lostpointercapture', onEnd, { once: true });
  }

  private _placeOnly(): void {
    this.node.style.width = `${this._columns.total}px`;
    for (const cell of this._row.querySelectorAll<HTMLElement>('.emrnb-HeadCell')) {
      const index = Number(cell.dataset.column);
      cell.style.left = `${this._columns.offsets[index] ?? 0}px`;
      cell.style.width = `${this._columns.width(index)}px`;
    }
  }

  private readonly _row = element('div', 'emrnb-HeadRow');
  private _isDragging = false;
  private _drawn = '';
}
