import { Signal, type ISignal } from '@lumino/signaling';
import type { IGridModel, ISort, Row } from '../tokens';
import type {
  CodeKind,
  EntryKind,
  FilesMessage,
  ICount,
  IFault,
  IFileColumn,
  IFilesChannel,
  IFilesRequest,
  IFolder,
  IJob,
  IPayload,
  IPlan,
  IPreview
} from './tokens';

/** Where the browser stands: as the file says, being asked for, answered, or let go of. */
export type FilesState = 'saved' | 'connecting' | 'live';

/** Rows asked for above and below those that are seen. */
const AROUND = 60;

/** Rows kept; those far from what is seen go first. */
const KEPT = 4000;

/** A row as the kernel told it; `stamp` counts how much of the folder had come by then. */
interface IKnownRow {
  id: number;
  kind: EntryKind;
  cells: string[];
  stamp: number;
}

/**
 * A folder of a cluster, of whose entries those come that somebody looks at.
 *
 * Knows nothing of the DOM. Each question has a number; an answer to an older one than the
 * newest of its kind is ignored.
 */
export class FilesModel implements IGridModel {
  constructor(readonly payload: IPayload) {}

  /** Emitted whenever something that is drawn may have changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Emitted with what a question for text has brought: code, or a path. */
  get told(): ISignal<this, { type: 'code' | 'path' | 'done'; text: string }> {
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
    return this._filter ? this._matching : this._count.total;
  }

  get sort(): ISort | null {
    return this._sort;
  }

  get filter(): string {
    return this._filter;
  }

  get isStale(): boolean {
    return this._isStale;
  }

  /** Whether a folder was asked for whose first answer is not here. */
  get isOpening(): boolean {
    return this._opening > 0;
  }

  /** What went wrong last, by what it was about; the list's stays until another folder comes. */
  get fault(): IFault | null {
    return this._fault;
  }

  get preview(): IPreview | null {
    return this._preview;
  }

  get isPreviewing(): boolean {
    return this._previewing > 0;
  }

  get plan(): IPlan | null {
    return this._plan;
  }

  get jobs(): readonly IJob[] {
    return [...this._jobs.values()];
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  row(index: number): (string | undefined)[] | undefined {
    const known = this._rows.get(index);
    if (known === undefined) {
      return undefined;
    }
    const late = this._late.get(known.id);
    let n = 0;
    return this.columns.map((column, i) => {
      if (!column.late) {
        return known.cells[i] ?? '';
      }
      const told = late?.[n++];
      return known.kind === 'directory' ? '' : told;
    });
  }

  /** Whether late columns of any row are here. */
  get hasDetails(): boolean {
    return this._late.size > 0;
  }

  /** Returns the number that names an entry for the kernel, or −1 while it is on its way. */
  id(index: number): number {
    return this._rows.get(index)?.id ?? -1;
  }

  kind(index: number): EntryKind {
    return this._rows.get(index)?.kind ?? 'file';
  }

  /** Returns where an entry stands now, among the rows that are here; −1 if it is not. */
  find(id: number): number {
    for (const [index, row] of this._rows) {
      if (row.id === id) {
        return index;
      }
    }
    return -1;
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
    this._folder = this._fault = this._preview = this._plan = null;
    this._opening = this._previewing = 0;
    this._jobs.clear();
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
      this._matching = this._count.total;
      this._reorder();
    }
  }

  want(start: number, stop: number): void {
    this._wanted = [start, stop];
    const last = Math.min(stop, this.rowCount);
    for (let i = start; i < last; i++) {
      const row = this._rows.get(i);
      if (row === undefined || row.stamp < this._stamp || this._isStale) {
        this._askRows(start, last);
        return;
      }
    }
  }

  /** Asks for the late columns of the rows that are seen. */
  wantDetails(): void {
    if (!this.columns.some(column => column.late)) {
      return;
    }
    const ids: number[] = [];
    for (let i = this._wanted[0]; i < Math.min(this._wanted[1], this.rowCount); i++) {
      const row = this._rows.get(i);
      if (row && row.kind !== 'directory' && !this._askedLate.has(row.id)) {
        this._askedLate.add(row.id);
        ids.push(row.id);
      }
    }
    if (ids.length > 0) {
      this._ask({ type: 'detail', ids });
    }
  }

  fetch(): Promise<Row[]> {
    return Promise.reject(new Error('paths are copied instead'));
  }

  // -- entries ------------------------------------------------------------------------

  askPreview(id: number): void {
    this._previewing = this._ask({ type: 'preview', ids: [id] });
    this._changed.emit();
  }

  closePreview(): void {
    this._preview = null;
    this._previewing = 0;
    this._changed.emit();
  }

  askCode(id: number, kind: CodeKind): void {
    this._clearFault();
    this._ask({ type: 'code', ids: [id], kind });
  }

  askPath(ids: readonly number[]): void {
    this._clearFault();
    this._ask({ type: 'path', ids });
  }

  download(id: number): void {
    this._clearFault();
    this._ask({ type: 'download', ids: [id] });
  }

  cancel(job: number): void {
    this._ask({ type: 'cancel', number: job });
  }

  dismiss(job: number): void {
    this._jobs.delete(job);
    this._changed.emit();
  }

  askPlan(
    kind: 'mkdir' | 'rename' | 'delete',
    ids: readonly number[],
    text = ''
  ): void {
    this._clearFault();
    this._planning = this._ask({ type: 'plan', kind, ids, text });
  }

  /** Does what the plan on the page says. */
  confirm(): void {
    if (this._plan !== null) {
      this._planning = this._ask({ type: 'do', number: this._plan.plan });
      this._plan = null;
      this._changed.emit();
    }
  }

  dropPlan(): void {
    this._plan = null;
    this._planning = 0;
    this._clearFault();
    this._changed.emit();
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
    this._opening = this._ask({ type: 'list', ...request });
    this._changed.emit();
  }

  private _ask(request: Omit<IFilesRequest, 'seq'>): number {
    const seq = ++this._seq;
    this._channel?.send({ listing: this._folder?.listing ?? 0, ...request, seq });
    return seq;
  }

  private _askRows(start: number, stop: number): void {
    const asked = this._asked;
    if (
      asked &&
      asked.stamp === this._stamp &&
      asked.start <= start &&
      asked.stop >= stop
    ) {
      return; // it is on its way
    }
    const from = Math.max(0, start - AROUND);
    const request: Omit<IFilesRequest, 'seq'> = {
      type: 'rows',
      start: from,
      count: stop + AROUND - from,
      text: this._filter
    };
    if (this._sort) {
      request.sort = this._sort;
    }
    const seq = this._ask(request);
    this._asked = { start: from, stop: stop + AROUND, stamp: this._stamp, seq };
    this._stamps.set(seq, this._stamp);
  }

  private _reorder(): void {
    this._isStale = this._rows.size > 0;
    this._orderedAt = this._seq + 1;
    this._asked = null;
    this._clearFault();
    this._askRows(0, AROUND);
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
        this._onRows(message);
        break;
      case 'detail':
        if (message.listing === this._folder?.listing) {
          message.texts.forEach((texts, id) => this._late.set(id, texts));
        }
        break;
      case 'preview':
        if (message.seq === this._previewing) {
          this._preview = message;
          this._previewing = 0;
        }
        break;
      case 'plan':
        if (message.seq === this._planning) {
          this._plan = message;
        }
        break;
      case 'job':
        this._onJob(message);
        break;
      case 'error':
        this._onError(message.seq, message);
        break;
      default:
        this._told.emit(message);
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
      this._stamp++;
      if (this._filter) {
        this._askRows(...this._wanted);
      }
    }
    this._count = message;
  }

  private _onRows(message: FilesMessage & { type: 'rows' }): void {
    const stamp = this._stamps.get(message.seq) ?? 0;
    this._stamps.forEach((_, seq) => seq <= message.seq && this._stamps.delete(seq));
    const isOfNow =
      message.listing === this._folder?.listing && message.seq >= this._orderedAt;
    if (!isOfNow) {
      return;
    }
    if (this._isStale) {
      this._rows.clear();
      this._isStale = false;
    }
    this._matching = message.total;
    message.rows.forEach((cells, n) => {
      const id = message.ids[n] ?? 0;
      const kind = message.kinds[n] ?? 'file';
      this._rows.delete(message.start + n);
      this._rows.set(message.start + n, { id, kind, cells, stamp });
    });
    if (this._asked?.seq === message.seq) {
      this._asked = null;
    }
    for (const index of this._rows.keys()) {
      if (this._rows.size <= KEPT) {
        break;
      }
      this._rows.delete(index);
    }
  }

  private _onJob(message: IJob): void {
    this._jobs.set(message.job, message);
  }

  private _onError(seq: number, fault: IFault): void {
    if (fault.about === 'list') {
      if (seq < this._opening) {
        return;
      }
      this._opening = 0;
    } else if (fault.about === 'preview') {
      if (seq !== this._previewing) {
        return;
      }
      this._previewing = 0;
      this._preview = null;
    } else if (fault.about === 'rows') {
      this._asked = null;
      if (seq < this._orderedAt) {
        return;
      }
      this._isStale = false;
      this._rows.clear();
      this._matching = 0;
    }
    this._fault = fault;
  }

  private _clearFault(): void {
    if (this._fault?.about !== 'list') {
      this._fault = null;
    }
  }

  private _forget(): void {
    this._rows.clear();
    this._late.clear();
    this._askedLate.clear();
    this._asked = null;
    this._isStale = false;
    this._stamp = 1;
    this._orderedAt = this._seq + 1;
    this._matching = 0;
    this._wanted = [0, AROUND];
    this._count = { total: 0, folders: 0, files: 0, bytes: 0, done: false };
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _moved = new Signal<this, void>(this);
  private readonly _told = new Signal<
    this,
    { type: 'code' | 'path' | 'done'; text: string }
  >(this);
  private _channel: IFilesChannel | null = null;
  private _state: FilesState = 'saved';
  private _folder: IFolder | null = null;
  private _count: ICount = { total: 0, folders: 0, files: 0, bytes: 0, done: false };
  private _fault: IFault | null = null;
  private _preview: IPreview | null = null;
  private _previewing = 0;
  private _plan: IPlan | null = null;
  private _planning = 0;
  private _opening = 0;
  private _sort: ISort | null = null;
  private _filter = '';
  private _matching = 0;
  private _isStale = false;
  private _isDisposed = false;
  private _seq = 0;
  private _stamp = 1;
  private _orderedAt = 0;
  private _asked: { start: number; stop: number; stamp: number; seq: number } | null =
    null;
  private _wanted: [number, number] = [0, AROUND];
  private readonly _rows = new Map<number, IKnownRow>();
  private readonly _stamps = new Map<number, number>();
  private readonly _late = new Map<number, string[]>();
  private readonly _askedLate = new Set<number>();
  private readonly _jobs = new Map<number, IJob>();
}
