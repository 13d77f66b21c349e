import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';
import type { IFailure, ISessionView, IStatementView } from '../api/schema';
import type { IEmr } from '../panel/tokens';

const EVERY = 2_000; // ms between two looks at the sessions, while they are seen
const SHOWN_ENDED = 10_000; // ms that an ended statement stays with its outcome

/** A session with the statements that run in it. */
export interface ISessionRow {
  readonly session: ISessionView;
  readonly statements: readonly IStatementView[];
}

/** The sessions on the chosen cluster and what runs there. */
export class SessionsModel {
  constructor(readonly emr: IEmr) {}

  get changed(): ISignal<SessionsModel, void> {
    return this._changed;
  }

  get isKnown(): boolean {
    return this._isKnown;
  }

  get error(): unknown {
    return this._error;
  }

  /** What keeps an engine from telling, by its name. */
  get failures(): Readonly<Record<string, IFailure>> {
    return this._failures;
  }

  get rows(): readonly ISessionRow[] {
    return this._sessions.map(session => ({
      session,
      statements: this._here.filter(one => session.running.includes(one.tag))
    }));
  }

  /** Statements that run, or have ended just now, in no session of the list. */
  get others(): readonly IStatementView[] {
    const told = new Set(this._sessions.flatMap(session => session.running));
    return this._here.filter(one => !told.has(one.tag));
  }

  /** What a cancel of a statement achieved, in the server's words; empty until it was asked. */
  outcome(tag: string): string {
    return this._outcomes.get(tag) ?? '';
  }

  watch(): void {
    if (this._watched !== null) {
      return;
    }
    this._watched = this.emr.live.watch('statements', told => {
      this._statements.set(told.tag, told);
      if (told.ended !== null) {
        window.setTimeout(() => {
          this._statements.delete(told.tag);
          this._changed.emit();
        }, SHOWN_ENDED);
      }
      this._changed.emit();
    });
    this.emr.chosen.changed.connect(this._onChosen, this);
    void this._look();
  }

  unwatch(): void {
    window.clearTimeout(this._timer);
    this._watched?.dispose();
    this._watched = null;
    this.emr.chosen.changed.disconnect(this._onChosen, this);
  }

  refresh(): Promise<void> {
    return this._look();
  }

  async cancel(tag: string): Promise<void> {
    this._outcomes.set(tag, '…');
    this._changed.emit();
    try {
      const told = await this.emr.server.call('POST /statements/{tag}/cancel', { tag });
      this._outcomes.set(tag, told.outcome);
    } catch (error) {
      this._outcomes.set(tag, error instanceof Error ? error.message : String(error));
    }
    this._changed.emit();
    await this._look();
  }

  async stop({ engine, id }: ISessionView): Promise<void> {
    const cluster = this.emr.chosen.cluster?.id ?? '';
    const route = 'POST /clusters/{cluster}/sessions/{engine}/{session}/stop';
    await this.emr.server.call(route, { cluster, engine, session: id });
    await this._look();
  }

  /** Keeps a session though its kernel is gone: as long as the setting says, or no longer. */
  async keep({ engine, id }: ISessionView, isKept: boolean): Promise<void> {
    const cluster = this.emr.chosen.cluster?.id ?? '';
    const route = 'POST /clusters/{cluster}/sessions/{engine}/{session}/keep';
    const hours = isKept ? null : 0;
    await this.emr.server.call(route, { cluster, engine, session: id, hours });
    await this._look();
  }

  private get _here(): IStatementView[] {
    const id = this.emr.chosen.cluster?.id;
    return [...this._statements.values()]
      .filter(one => one.cluster === id)
      .sort((a, b) => a.created - b.created);
  }

  private _onChosen(): void {
    this._sessions = [];
    this._failures = {};
    this._isKnown = false;
    this._changed.emit();
    void this._look();
  }

  private async _look(): Promise<void> {
    window.clearTimeout(this._timer);
    const cluster = this.emr.chosen.cluster?.id;
    if (cluster !== undefined) {
      try {
        const route = 'GET /clusters/{cluster}/sessions';
        const told = await this.emr.server.call(route, { cluster });
        if (cluster === this.emr.chosen.cluster?.id) {
          this._sessions = told.sessions;
          this._failures = told.failures;
          this._isKnown = true;
          this._error = null;
        }
      } catch (error) {
        this._error = error;
      }
      this._changed.emit();
    }
    window.clearTimeout(this._timer);
    if (this._watched !== null) {
      this._timer = window.setTimeout(() => void this._look(), EVERY);
    }
  }

  private readonly _changed = new Signal<SessionsModel, void>(this);
  private readonly _statements = new Map<string, IStatementView>();
  private readonly _outcomes = new Map<string, string>();
  private _sessions: readonly ISessionView[] = [];
  private _failures: Readonly<Record<string, IFailure>> = {};
  private _watched: IDisposable | null = null;
  private _timer = 0;
  private _isKnown = false;
  private _error: unknown = null;
}
