import { Signal, type ISignal } from '@lumino/signaling';
import { ServerFailure } from '../api/failure';
import type { IEntryId, IListingView, IRowsView } from '../api/schema';
import type { IServer } from '../api/tokens';
import { keyOf, type IEntry } from './tokens';

/** Rows of one request. */
const PAGE = 100;

/** Pages of one folder that are kept; those fetched first go first. */
const PAGES = 200;

/** Requests for what is looked at under way at once: what was scrolled past is not asked for. */
const AT_ONCE = 2;

/** Milliseconds between two looks at a folder that grows: looking costs the server as well. */
const GROWING = 400;

/** The column by which folders are sorted: the name. */
const BY_NAME = 0;

interface IPage {
  /** Which state of the folder it shows; of an older one it is drawn until the new one came. */
  readonly version: number;
  readonly rows: readonly IEntry[];
}

/** An open folder: windows of its sorted rows, fetched as they are looked at. */
export class Folder {
  constructor(
    private readonly _server: IServer,
    private readonly _where: IEntryId
  ) {}

  /** Something that is drawn may have changed. */
  get changed(): ISignal<Folder, void> {
    return this._changed;
  }

  /** Its rows may stand elsewhere than before. */
  get reordered(): ISignal<Folder, void> {
    return this._reordered;
  }

  /** The listing's name at the server; empty while there is none. */
  get listing(): string {
    return this._view?.listing ?? '';
  }

  get isOpening(): boolean {
    return this._opening !== null;
  }

  /** Whether all of it has come. */
  get isDone(): boolean {
    return this._view?.done ?? false;
  }

  /** Rows that the filter leaves. */
  get count(): number {
    return this._count;
  }

  /** Entries that have come, whatever the filter. */
  get total(): number {
    return this._view?.total ?? 0;
  }

  /** Why it could not be opened, or why it is not whole. */
  get error(): unknown {
    return this._error;
  }

  get filter(): string {
    return this._filter;
  }

  /** Opens it, or opens it anew; what is drawn stays until the new rows come. */
  open(): Promise<void> {
    this._opening ??= this._open().finally(() => {
      this._opening = null;
      this._changed.emit();
    });
    this._changed.emit();
    return this._opening;
  }

  /** Returns a row; undefined while it is on its way. */
  row(index: number): IEntry | undefined {
    const page = Math.floor(index / PAGE);
    return this._pages.get(page)?.rows[index - page * PAGE];
  }

  /** Returns the row of an entry among those that are here; −1 for none. */
  find(key: string): number {
    for (const [number, page] of this._pages) {
      const at = page.rows.findIndex(entry => keyOf(entry) === key);
      if (at >= 0) {
        return number * PAGE + at;
      }
    }
    return -1;
  }

  /** Says which rows are looked at, so that missing ones are fetched. */
  want(first: number, stop: number): void {
    this._wanted = [first, Math.max(first + 1, Math.min(stop, this._count))];
    this._fetchWanted();
  }

  /** Fetches a row. */
  async fetch(index: number): Promise<IEntry | undefined> {
    await this._fetch(Math.floor(index / PAGE));
    return this.row(index);
  }

  /** Asks in which row an entry stands; −1 where it is not, or not yet. */
  async place(entry: { path: string } | { entry: number }): Promise<number> {
    if (!this.listing) {
      return -1;
    }
    const asked = { listing: this.listing, ...entry, sort: this._sort };
    const found = await this._server.call('GET /listings/{listing}/place', {
      ...asked,
      filter: this._filter
    });
    return found.row;
  }

  async setFilter(filter: string): Promise<void> {
    if (filter !== this._filter) {
      this._filter = filter;
      await this._again();
    }
  }

  /** Takes what is told of its listing. */
  take(view: IListingView): void {
    const before = this._view;
    if (before === null || view.listing !== before.listing || before.done) {
      return;
    }
    this._view = view;
    this._error = view.failure === null ? null : new ServerFailure(view.failure, 0);
    if (view.total !== before.total || view.done) {
      this._grow();
    }
  }

  /** Asks how far its listing is, where nothing was told for a while. */
  async look(): Promise<void> {
    if (this._view !== null && !this._view.done) {
      const listing = this._view.listing;
      try {
        this.take(await this._server.call('GET /listings/{listing}', { listing }));
      } catch (error) {
        this._error = error;
        this._view = { ...this._view, done: true };
        this._changed.emit();
      }
    }
  }

  dispose(): void {
    this._isDisposed = true;
    Signal.clearData(this);
    this._close(this.listing);
  }

  private async _open(): Promise<void> {
    const before = this.listing;
    try {
      const view = await this._server.call('POST /clusters/{cluster}/listings', {
        ...this._where
      });
      if (this._isDisposed) {
        this._close(view.listing);
        return;
      }
      this._view = view;
      this._error = view.failure === null ? null : new ServerFailure(view.failure, 0);
      await this._again();
    } catch (error) {
      this._view = null;
      this._error = error;
      this._pages.clear();
      this._count = 0;
      this._version++;
    }
    this._close(before);
  }

  /** While it grows it stands as it comes, which is by name but for case: nothing is sorted. */
  private get _sort(): number {
    return this.isDone ? BY_NAME : -1;
  }

  private _close(listing: string): void {
    if (listing) {
      const closed = this._server.call('DELETE /listings/{listing}', { listing });
      closed.catch(() => undefined); // the server lets go of it by itself
    }
  }

  /** Fetches what is looked at of a folder that has grown, one round after the other. */
  private _grow(): void {
    this._hasGrown = true;
    this._growing ??= (async () => {
      while (this._hasGrown && !this._isDisposed) {
        this._hasGrown = false;
        await this._again();
        await new Promise(resolve => window.setTimeout(resolve, GROWING));
      }
    })().finally(() => {
      this._growing = null;
    });
  }

  /** Fetches what is looked at in the folder's new state. */
  private async _again(): Promise<void> {
    this._version++;
    this._failed.clear();
    const [first] = this._wanted;
    await this._fetch(Math.floor(first / PAGE));
    if (this._count <= first && first > 0) {
      await this._fetch(0);
    }
    this._fetchWanted();
    if (!this._isDisposed) {
      this._reordered.emit();
      this._changed.emit();
    }
  }

  private _fetchWanted(): void {
    if (this._isDisposed) {
      return;
    }
    const [first, stop] = this._wanted;
    const last = Math.floor((stop - 1) / PAGE);
    for (let page = Math.floor(first / PAGE); page <= last; page++) {
      const isFull = this._pending.size >= AT_ONCE;
      if (!isFull && this._pages.get(page)?.version !== this._version) {
        void this._fetch(page);
      }
    }
  }

  private async _fetch(page: number): Promise<void> {
    const version = this._version;
    const key = `${version}-${page}`;
    const isHere = this._pages.get(page)?.version === version;
    if (!this.listing || isHere || this._failed.has(key)) {
      return;
    }
    let asked = this._pending.get(key);
    if (asked === undefined) {
      asked = this._ask(page, version).finally(() => {
        this._pending.delete(key);
        this._fetchWanted(); // what is looked at by now
      });
      this._pending.set(key, asked);
    }
    await asked;
  }

  private async _ask(page: number, version: number): Promise<void> {
    const { listing, filter } = this;
    try {
      const got = await this._server.call('GET /listings/{listing}/rows', {
        listing,
        start: page * PAGE,
        count: PAGE,
        sort: this._sort,
        filter
      });
      // of a folder that grows an answer may be behind already, and better than none
      const isNewer = (this._pages.get(page)?.version ?? -1) < version;
      const isAsked = listing === this.listing && filter === this._filter;
      if (isNewer && isAsked && !this._isDisposed) {
        this._keep(page, version, listing, got);
      }
    } catch (error) {
      if (version !== this._version || this._isDisposed) {
        return;
      }
      this._failed.add(`${version}-${page}`); // not asked again by being drawn
      if (error instanceof ServerFailure && error.status === 410 && !this.isOpening) {
        void this.open(); // the server let go of it for others, or was started anew
        return;
      }
      this._error = error;
      this._changed.emit();
    }
  }

  private _keep(page: number, version: number, listing: string, got: IRowsView): void {
    const rows = got.rows.map((texts, at) => ({
      name: texts[0] ?? '',
      size: texts[1] ?? '',
      modified: texts[2] ?? '',
      kind: got.kinds[at] ?? 'file',
      path: got.paths[at] ?? null,
      entry: got.entries[at] ?? -1,
      listing
    }));
    this._count = got.total;
    this._pages.delete(page);
    this._pages.set(page, { version, rows });
    for (const [number, kept] of this._pages) {
      const isBehind = number * PAGE >= got.total;
      if (this._pages.size > PAGES || (kept.version !== version && isBehind)) {
        this._pages.delete(number);
      }
    }
    if (!this._view?.failure) {
      this._error = null;
    }
    this._changed.emit();
  }

  private readonly _changed = new Signal<Folder, void>(this);
  private readonly _reordered = new Signal<Folder, void>(this);
  private readonly _pages = new Map<number, IPage>();
  private readonly _pending = new Map<string, Promise<void>>();
  private _view: IListingView | null = null;
  private _growing: Promise<void> | null = null;
  private _hasGrown = false;
  private readonly _failed = new Set<string>();
  private _opening: Promise<void> | null = null;
  private _error: unknown = null;
  private _filter = '';
  private _count = 0;
  private _version = 0;
  private _wanted: [number, number] = [0, 1];
  private _isDisposed = false;
}
