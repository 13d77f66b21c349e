import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';
import type { IStatementView } from '../api/schema';
import type { IEmr } from '../panel/tokens';

const PAGE = 100;

/** What the list is narrowed to; empty fields want any. */
export interface IWanted {
  readonly search: string;
  readonly engine: string;
  readonly state: string;
  /** A notebook's path below the server's folder. */
  readonly notebook: string;
}

/** The statements of this user, newest first, page by page; new ones come on top. */
export class HistoryModel {
  constructor(readonly emr: IEmr) {}

  get changed(): ISignal<HistoryModel, void> {
    return this._changed;
  }

  get statements(): readonly IStatementView[] {
    return this._statements;
  }

  /** Whether there are more than have come. */
  get hasMore(): boolean {
    return this._after !== null;
  }

  get isKnown(): boolean {
    return this._isKnown;
  }

  get error(): unknown {
    return this._error;
  }

  get wanted(): IWanted {
    return this._wanted;
  }

  set wanted(wanted: IWanted) {
    this._wanted = wanted;
    void this.refresh();
  }

  watch(): void {
    this._watched ??= this.emr.live.watch('statements', told => this._take(told));
    void this.refresh();
  }

  unwatch(): void {
    this._watched?.dispose();
    this._watched = null;
  }

  /** Begins anew with the first page. */
  async refresh(): Promise<void> {
    await this._load('', found => {
      this._statements = found;
    });
  }

  /** Asks for the next page, once at a time. */
  async more(): Promise<void> {
    if (this._after !== null && !this._isLoading) {
      this._isLoading = true;
      await this._load(this._after, found => {
        const known = new Set(this._statements.map(one => one.tag));
        const others = found.filter(one => !known.has(one.tag));
        this._statements = [...this._statements, ...others];
      });
      this._isLoading = false;
    }
  }

  /** Returns a statement with all of its text. */
  async whole(statement: IStatementView): Promise<IStatementView> {
    const { tag } = statement;
    return statement.cut
      ? this.emr.server.call('GET /statements/{tag}', { tag })
      : statement;
  }

  /** Forgets what has ended, up to a time or all; returns how many. */
  async clear(before: number | null): Promise<number> {
    const told = await this.emr.server.call('POST /statements/clear', { before });
    await this.refresh();
    return told.forgotten;
  }

  private _take(told: IStatementView): void {
    const at = this._statements.findIndex(one => one.tag === told.tag);
    if (at >= 0) {
      this._statements = this._statements.map(one =>
        one.tag === told.tag ? told : one
      );
      this._changed.emit();
    } else {
      void this.refresh(); // whether it fits the search is the server's to say
    }
  }

  private async _load(
    after: string,
    take: (found: readonly IStatementView[]) => void
  ): Promise<void> {
    const wanted = this._wanted;
    try {
      const told = await this.emr.server.call('GET /statements', {
        ...wanted,
        after,
        count: PAGE
      });
      if (wanted !== this._wanted) {
        return; // another search has begun, whose answer is to be shown
      }
      take(told.statements);
      this._after = told.after;
      this._error = null;
      this._isKnown = true;
    } catch (error) {
      if (wanted !== this._wanted) {
        return;
      }
      this._error = error;
    }
    this._changed.emit();
  }

  private readonly _changed = new Signal<HistoryModel, void>(this);
  private _wanted: IWanted = { search: '', engine: '', state: '', notebook: '' };
  private _statements: readonly IStatementView[] = [];
  private _after: string | null = null;
  private _watched: IDisposable | null = null;
  private _isLoading = false;
  private _isKnown = false;
  private _error: unknown = null;
}
