import { Signal, type ISignal } from '@lumino/signaling';
import type {
  IColumn,
  IGridModel,
  IPageRequest,
  IPayload,
  IRowSource,
  ISort,
  KernelMessage,
  Row,
  State
} from './tokens';

/** Cells of pages kept in memory; the least recently used pages go first. */
const CELL_BUDGET = 2_000_000;

/** Requests under way at once: enough to hide the round trip, few enough to drop stale ones. */
const MAX_PENDING = 2;

/**
 * A result's rows, of which pages come as somebody looks at them.
 *
 * Knows nothing of the DOM. Starts with the saved rows; `connect` makes it live and losing the
 * source makes it what the file says again.
 */
export class TableModel implements IGridModel {
  constructor(readonly payload: IPayload) {
    const width = Math.max(1, payload.columns.length);
    this.pageSize = Math.max(20, Math.min(200, Math.floor(20_000 / width)));
    this._maxPages = Math.max(8, Math.floor(CELL_BUDGET / (width * this.pageSize)));
    this._rowCount = payload.rows.length;
  }

  readonly pageSize: number;

  /** Emitted whenever something that is drawn may have changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get columns(): readonly IColumn[] {
    return this.payload.columns;
  }

  get held(): number {
    return this.payload.held;
  }

  get state(): State {
    return this._state;
  }

  /** Rows that can be scrolled to now: after the filter when live, saved ones otherwise. */
  get rowCount(): number {
    return this._rowCount;
  }

  get sort(): ISort | null {
    return this._sort;
  }

  get filter(): string {
    return this._filter;
  }

  /** What went wrong with the last request, in the kernel's words. */
  get error(): string {
    return this._error;
  }

  /** Whether rows of another order or filter are still drawn. */
  get isStale(): boolean {
    return this._isStale;
  }

  get isWaiting(): boolean {
    return this._pending.size > 0;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Returns a row, or undefined while it is on its way. */
  row(index: number): Row | undefined {
    if (this._state !== 'live') {
      return this.payload.rows[index];
    }
    const number = Math.floor(index / this.pageSize);
    const row = this._pages.get(number)?.[index - number * this.pageSize];
    if (row !== undefined || this._sort || this._filter) {
      return row;
    }
    return this.payload.rows[index]; // in the result's own order the file has the first ones
  }

  /** Takes rows from a kernel from now on. */
  connect(source: IRowSource): void {
    this.disconnect();
    this._source = source;
    this._state = 'connecting';
    source.message.connect(this._onMessage, this);
    source.closed.connect(this.disconnect, this);
    this._changed.emit();
  }

  /** Goes back to the saved rows. */
  disconnect(): void {
    const source = this._source;
    if (source === null) {
      return;
    }
    this._source = null;
    source.message.disconnect(this._onMessage, this);
    source.closed.disconnect(this.disconnect, this);
    source.dispose();
    this._state = 'saved';
    this._sort = null;
    this._filter = '';
    this._error = '';
    this._forget();
    this._isStale = false;
    this._rowCount = this.payload.rows.length;
    this._changed.emit();
  }

  /** Says which rows are looked at, so that missing ones are asked for. */
  want(start: number, stop: number): void {
    this._wanted = [start, stop];
    this._ask();
  }

  setSort(sort: ISort | null): void {
    this._sort = sort;
    this._restart();
  }

  setFilter(filter: string): void {
    if (filter !== this._filter) {
      this._filter = filter;
      this._restart();
    }
  }

  /**
   * Returns rows start … stop − 1, asking for what is not here.
   *
   * Rejects if the kernel goes away, fails, or the order changes meanwhile.
   */
  async fetch(start: number, stop: number): Promise<Row[]> {
    const rows: Row[] = [];
    while (start + rows.length < stop) {
      const index = start + rows.length;
      const row = this._isStale ? undefined : this.row(index);
      if (row !== undefined) {
        rows.push(row);
      } else if (this._state !== 'live') {
        throw new Error('gone');
      } else {
        const page = await this._fetchPage(Math.floor(index / this.pageSize));
        const offset = index % this.pageSize;
        const part = page.slice(offset, offset + stop - index);
        if (part.length === 0) {
          throw new Error('short');
        }
        rows.push(...part);
      }
    }
    return rows;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this.disconnect();
    Signal.clearData(this);
  }

  private _restart(): void {
    this._isStale = this._rowCount > 0 && this._state === 'live';
    this._error = '';
    this._abandon();
    this._wanted = [0, this.pageSize];
    this._ask();
    this._changed.emit();
  }

  private _ask(): void {
    if (this._state !== 'live' || this._source === null || this._error) {
      return;
    }
    const [start, stop] = this._wanted;
    const last = Math.floor(Math.max(start, stop - 1) / this.pageSize);
    for (let n = Math.floor(start / this.pageSize); n <= last; n++) {
      const here = !this._isStale && this._pages.has(n);
      if (here || this._isAsked(n)) {
        continue;
      }
      if (this._pending.size >= MAX_PENDING) {
        return;
      }
      this._send(n);
    }
  }

  private _isAsked(page: number): boolean {
    return [...this._pending.values()].some(p => p.page === page);
  }

  private _send(page: number, settle?: Private.ISettle): void {
    const seq = ++this._seq;
    this._pending.set(seq, { page, settle });
    const request: IPageRequest = {
      type: 'rows',
      seq,
      start: page * this.pageSize,
      count: this.pageSize
    };
    if (this._sort) {
      request.sort = this._sort;
    }
    if (this._filter) {
      request.filter = [{ column: -1, op: 'contains', value: this._filter }];
    }
    this._source?.send(request);
  }

  private _fetchPage(page: number): Promise<Row[]> {
    return new Promise((resolve, reject) => {
      this._send(page, { resolve, reject });
    });
  }

  private _onMessage(_: IRowSource, message: KernelMessage): void {
    switch (message.type) {
      case 'ready':
        this._state = 'live';
        this._rowCount = message.held;
        break;
      case 'gone':
        this.disconnect();
        return;
      case 'error':
        this._onError(message.seq, message.message);
        break;
      case 'rows':
        this._onPage(message.seq, message.rows, message.total);
    }
    this._changed.emit();
    this._ask();
  }

  private _onError(seq: number | null, text: string): void {
    const pending = seq === null ? undefined : this._pending.get(seq);
    if (seq !== null && pending === undefined) {
      return; // the answer to a question nobody asks any more
    }
    this._error = text;
    this._isStale = false;
    this._abandon();
  }

  private _onPage(seq: number, rows: Row[], total: number): void {
    const pending = this._pending.get(seq);
    if (pending === undefined) {
      return;
    }
    this._pending.delete(seq);
    if (this._isStale) {
      this._pages.clear();
      this._isStale = false;
    }
    this._rowCount = total;
    this._pages.delete(pending.page);
    this._pages.set(pending.page, rows);
    for (const page of this._pages.keys()) {
      if (this._pages.size <= this._maxPages) {
        break;
      }
      this._pages.delete(page);
    }
    pending.settle?.resolve(rows);
  }

  private _abandon(): void {
    const pending = [...this._pending.values()];
    this._pending.clear();
    pending.forEach(p => p.settle?.reject(new Error(this._error || 'abandoned')));
  }

  private _forget(): void {
    this._abandon();
    this._pages.clear();
  }

  private _changed = new Signal<this, void>(this);
  private _source: IRowSource | null = null;
  private _state: State = 'saved';
  private _rowCount: number;
  private _sort: ISort | null = null;
  private _filter = '';
  private _error = '';
  private _isStale = false;
  private _isDisposed = false;
  private _seq = 0;
  private _wanted: [number, number] = [0, 0];
  private _pages = new Map<number, Row[]>();
  private _pending = new Map<number, Private.IPending>();
  private readonly _maxPages: number;
}

namespace Private {
  export interface ISettle {
    resolve: (rows: Row[]) => void;
    reject: (reason: Error) => void;
  }

  export interface IPending {
    page: number;
    settle?: ISettle | undefined;
  }
}
