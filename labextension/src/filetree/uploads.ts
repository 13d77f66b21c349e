import { Signal, type ISignal } from '@lumino/signaling';
import { ServerFailure } from '../api/failure';
import type { IEntryView } from '../api/schema';
import type { IServer } from '../api/tokens';

/** A file on its way from the desktop into a folder. */
export interface IUploading {
  readonly file: File;
  readonly folder: string;
  sent: number;
  state: 'waiting' | 'running' | 'failed';
  error: unknown;
  readonly stop: AbortController;
}

/** Uploads, one after the other. */
export class Uploads {
  constructor(
    private readonly _server: IServer,
    /** Says whether a file that is there already shall be replaced. */
    private readonly _replaces: (name: string, folder: string) => Promise<boolean>
  ) {}

  /** One has moved on. */
  get changed(): ISignal<Uploads, void> {
    return this._changed;
  }

  /** A file is where it was to go. */
  get done(): ISignal<Uploads, { folder: string; entry: IEntryView }> {
    return this._done;
  }

  get all(): readonly IUploading[] {
    return this._all;
  }

  add(cluster: string, folder: string, files: readonly File[]): void {
    for (const file of files) {
      const stop = new AbortController();
      const state = 'waiting';
      const one: IUploading = { file, folder, sent: 0, state, error: null, stop };
      this._all.push(one);
      this._last = this._last.then(() => this._run(cluster, one));
    }
    this._changed.emit();
  }

  /** Stops one that runs, and puts away one that has failed. */
  drop(one: IUploading): void {
    one.stop.abort(new Error('stopped'));
    this._all = this._all.filter(other => other !== one);
    this._changed.emit();
  }

  private async _run(cluster: string, one: IUploading): Promise<void> {
    if (one.stop.signal.aborted) {
      return;
    }
    one.state = 'running';
    this._changed.emit();
    try {
      const entry = await this._send(cluster, one);
      if (entry !== null) {
        this._done.emit({ folder: one.folder, entry });
      }
      this._all = this._all.filter(other => other !== one);
    } catch (error) {
      one.state = 'failed';
      one.error = error; // one that was stopped is not shown any more
    }
    this._changed.emit();
  }

  private async _send(cluster: string, one: IUploading): Promise<IEntryView | null> {
    const { file, folder, stop } = one;
    const asked = { cluster, folder, name: file.name };
    const told = (bytes: number) => {
      one.sent = bytes;
      this._changed.emit();
    };
    try {
      return await this._server.upload(asked, file, told, stop.signal);
    } catch (error) {
      const isThere =
        error instanceof ServerFailure && error.kind === 'PathExistsError';
      if (!isThere) {
        throw error;
      }
    }
    if (!(await this._replaces(file.name, folder)) || stop.signal.aborted) {
      return null;
    }
    one.sent = 0;
    const again = { ...asked, overwrite: true };
    return this._server.upload(again, file, told, stop.signal);
  }

  private readonly _changed = new Signal<Uploads, void>(this);
  private readonly _done = new Signal<Uploads, { folder: string; entry: IEntryView }>(
    this
  );
  private _all: IUploading[] = [];
  private _last: Promise<void> = Promise.resolve();
}
