import { Signal, type ISignal } from '@lumino/signaling';
import type { IGridModel, ISort, Row } from '../tokens';
import { EntryRows } from './rows';
import { EntryWork, type ITold } from './work';
import type {
  EntryKind,
  FilesMessage,
  ICount,
  IFault,
  IFileColumn,
  IFilesChannel,
  IFilesRequest,
  IFolder,
  IPayload
} from './tokens';

/** Where the browser stands: as the file says, being asked for, answered, or let go of. */
export type FilesState = 'saved' | 'connecting' | 'live';

/**
 * A folder of a cluster, of whose entries those come that somebody looks at.
 *
 * Knows nothing of the DOM. Each question has a number; an answer to an older one than the
 * newest of its kind is ignored.
 */
export class FilesModel implements IGridModel {
  constructor(readonly payload: IPayload) {
    this.work = new EntryWork({
      ask: request => this._ask(request),
      changed: () => this._changed.emit(),
      told: told => this._told.emit(told)
    });
  }

  /** What is done with single entries. */
  readonly work: EntryWork;

  /** Emitted whenever something that is drawn may have changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Emitted with what a question for text has brought: code, or a path. */
  get told(): ISignal<this, ITold> {
    return this._told;
  }

  /** Emitted when another folder is shown. */
  get moved(): ISignal<this, void> {
    return this._moved;
  }

  get state(): FilesState {
    return this._state;
  }

  get folder(): IFolder | null {
    return this._folder;
  }

  get count(): ICount {
    return this._count;
  }

  get columns(): readonly IFileColumn[] {
    return this._folder?.columns ?? [];
  }

  get held(): number {
    return this._count.total;
  }

  get rowCount(): number {
    return this._filter ? this._rows.matching : this._count.total;
  }

  get sort(): ISort | null {
    return this._sort;
  }

  get filter(): string {
    return this._filter;
  }

  get isStale(): boolean {
    return this._rows.isStale;
  }

  /** Whether a folder was asked for whose first answer is not here. */
  get isOpening(): boolean {
    return this._opening > 0;
  }

  /** What went wrong last, with the folder or with an entry. */
  get fault(): IFault | null {
    return this._fault ?? this.work.fault;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  row(index: number): (string | undefined)[] | undefined {
    return this._rows.row(index, this.columns);
  }

  /** Whether late columns of any row are here. */
  get hasDetails(): boolean {
    return this._rows.hasDetails;
  }

  /** Returns the number that names an entry for the kernel, or −1 while it is on its way. */
  id(index: number): number {
    return this._rows.id(index);
  }

  kind(index: number): EntryKind {
    return this._rows.kind(index);
  }

  /** Returns where an entry stands now, among the rows that are here; −1 if it is not. */
  find(id: number): number {
    return this._rows.find(id);
  }

  connect(channel: IFilesChannel): void {
    this.disconnect();
    this._channel = channel;
    this._state = 'connecting';
    channel.message.connect(this._onMessage, this);
    channel.closed.connect(this.disconnect, this);
    this._changed.emit();
  }

  /** Goes back to what the file says. */
  disconnect(): void {
    const channel = this._channel;
    if (channel === null) {
      return;
    }
    this._channel = null;
    channel.message.disconnect(this._onMessage, this);
    channel.closed.disconnect(this.disconnect, this);
    channel.dispose();
    this._state = 'saved';
    this._folder = this._fault = null;
    this._opening = 0;
    this.work.forget();
    this._forget();
    this._moved.emit();
    this._changed.emit();
  }

  // -- folders ------------------------------------------------------------------------

  openPart(number: number): void {
    this._go({ kind: 'part', number });
  }

  openPath(text: string): void {
    this._go({ kind: 'path', text });
  }

  openEntry(id: number): void {
    this._go({ kind: 'entry', ids: [id] });
  }

  up(): void {
    this._go({ kind: 'up' });
  }

  refresh(): void {
    this._go({ kind: 'again' });
  }

  setSort(sort: ISort | null): void {
    this._sort = sort;
    this._reorder();
  }

  setFilter(filter: string): void {
    const text = filter.trim();
    if (text !== this._filter) {
      this._filter = text;
      this._rows.matching = this._count.total;
      this._reorder();
    }
  }

  want(start: number, stop: number): void {
    const last = Math.min(stop, this.rowCount);
    if (this._rows.want(start, last)) {
      this._askRows(start, last);
    }
  }

  /** Asks for the late columns of the rows that are seen. */
  wantDetails(): void {
    if (!this.columns.some(column => column.late)) {
      return;
    }
    const ids = this._rows.withoutDetails();
    if (ids.length > 0) {
      this._ask({ type: 'detail', ids });
    }
  }

  fetch(): Promise<Row[]> {
    return Promise.reject(new Error('paths are copied instead'));
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this.disconnect();
    Signal.clearData(this);
  }

  // -- inside -------------------------------------------------------------------------

  private _go(request: Omit<IFilesRequest, 'type' | 'seq'>): void {
    this._fault = null;
    this.work.forgetFault();
    this._opening = this._ask({ type: 'list', ...request });
    this._changed.emit();
  }

  private _ask(request: Omit<IFilesRequest, 'seq'>): number {
    const seq = ++this._seq;
    this._channel?.send({ listing: this._folder?.listing ?? 0, ...request, seq });
    return seq;
  }

  private _askRows(start: number, stop: number): void {
    const range = this._rows.range(start, stop);
    const request = { type: 'rows', ...range, text: this._filter };
    const seq = this._ask(this._sort ? { ...request, sort: this._sort } : request);
    this._rows.asked(seq, range.start, range.count);
  }

  private _reorder(): void {
    this._rows.reorder(this._seq + 1);
    this._clearFault();
    this._askRows(0, 0);
    this._changed.emit();
  }

  private _onMessage(_: IFilesChannel, message: FilesMessage): void {
    switch (message.type) {
      case 'ready':
        this._state = 'live';
        break;
      case 'gone':
        this.disconnect();
        return;
      case 'folder':
        this._onFolder(message);
        break;
      case 'count':
        this._onCount(message);
        break;
      case 'rows':
        if (message.listing === this._folder?.listing) {
          this._rows.take(message);
        }
        break;
      case 'detail':
        if (message.listing === this._folder?.listing) {
          this._rows.takeDetails(message.texts);
        }
        break;
      case 'error':
        if (message.about === 'list' || message.about === 'rows') {
          this._onError(message.seq, message);
          break;
        }
        this.work.take(message);
        break;
      default:
        this.work.take(message);
        if (message.type === 'done') {
          this.refresh();
        }
    }
    this._changed.emit();
  }

  private _onFolder(message: IFolder & { seq: number }): void {
    if (message.seq < this._opening) {
      return; // a later one was asked for
    }
    this._opening = 0;
    const isSame = this._folder?.path === message.path;
    this._folder = message;
    this._forget();
    if (!isSame) {
      this._filter = '';
      this._sort = null;
    }
    this._fault = null;
    this._moved.emit();
  }

  private _onCount(message: ICount & { listing: number }): void {
    if (message.listing !== this._folder?.listing) {
      return;
    }
    if (message.total !== this._count.total) {
      this._rows.grown();
      if (this._filter) {
        this._askRows(...this._rows.wanted);
      }
    }
    this._count = message;
  }

  private _onError(seq: number, fault: IFault): void {
    if (fault.about === 'list') {
      if (seq < this._opening) {
        return;
      }
      this._opening = 0;
    } else if (!this._rows.fail(seq)) {
      return;
    }
    this._fault = fault;
  }

  private _clearFault(): void {
    if (this._fault?.about !== 'list') {
      this._fault = null;
    }
  }

  private _forget(): void {
    this._rows.forget(this._seq + 1);
    this._count = { total: 0, folders: 0, files: 0, bytes: 0, done: false };
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _moved = new Signal<this, void>(this);
  private readonly _told = new Signal<this, ITold>(this);
  private _channel: IFilesChannel | null = null;
  private _state: FilesState = 'saved';
  private _folder: IFolder | null = null;
  private _count: ICount = { total: 0, folders: 0, files: 0, bytes: 0, done: false };
  private _fault: IFault | null = null;
  private _opening = 0;
  private _sort: ISort | null = null;
  private _filter = '';
  private _isDisposed = false;
  private _seq = 0;
  private readonly _rows = new EntryRows();
}
