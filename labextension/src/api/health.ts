import { Signal, type ISignal } from '@lumino/signaling';
import { ServerFailure } from './failure';
import type { Health, IHealth, IServer } from './tokens';

/** The number of the server part's surface that this page needs; see emr_nb/server/health.py. */
export const API = 1;

/** Asks the server part for its version. */
export class ServerHealth implements IHealth {
  constructor(private readonly _server: IServer) {}

  get state(): Health {
    return this._state;
  }

  get version(): string {
    return this._version;
  }

  get changed(): ISignal<IHealth, Health> {
    return this._changed;
  }

  async check(): Promise<Health> {
    try {
      const told = await this._server.call('GET /health', {});
      this._version = told.version;
      this._set(told.api < API ? 'older' : 'ok');
    } catch (error) {
      const missing = error instanceof ServerFailure && error.status === 404;
      this._set(missing ? 'missing' : 'unreachable');
    }
    return this._state;
  }

  private _set(state: Health): void {
    if (this._state !== state) {
      this._state = state;
      this._changed.emit(state);
    }
  }

  private readonly _changed = new Signal<IHealth, Health>(this);
  private _state: Health = 'unknown';
  private _version = '';
}
