import type { ICodeCellModel } from '@jupyterlab/cells';
import type * as nbformat from '@jupyterlab/nbformat';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import { NotebookActions, type NotebookPanel } from '@jupyterlab/notebook';
import type { Kernel } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';
import { ServerFailure } from '../api/failure';
import type { IOutputView, IRunView } from '../api/schema';
import type { INotebooks } from '../notebooks/tokens';
import type { IEmr } from '../panel/tokens';
import { markOutput, type IMark } from './mark';
import { fill, hasAll, hasMark } from './outputs';

const OURS = /^\s*%(?:load_ext\s+emr_nb|emr\b)|^%%\w/m;
const FIRST_WAIT = 1_500; // ms until what a lost kernel left is asked for again
const LONGEST_WAIT = 15_000;
const GONE = 410;
const ENDS = ['restarting', 'autorestarting', 'dead', 'terminating'];

/**
 * Fills the cells of one notebook with what they showed while this page was not there.
 *
 * What runs when the page comes is waited for; what this page runs itself it sees itself, unless
 * its kernel dies. A run is forgotten by the server once the notebook is saved.
 */
export class Recovery implements IDisposable {
  constructor(
    private readonly _panel: NotebookPanel,
    private readonly _emr: IEmr,
    private readonly _notebooks: INotebooks,
    private readonly _trans: TranslationBundle
  ) {
    NotebookActions.executionScheduled.connect(this._onScheduled, this);
    _panel.sessionContext.statusChanged.connect(this._onStatus, this);
    _panel.context.saveState.connect(this._onSave, this);
    _emr.live.connectedChanged.connect(this._onConnected, this);
    void _panel.context.ready.then(() => this._look(false));
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    NotebookActions.executionScheduled.disconnect(this._onScheduled, this);
    this._panel.sessionContext.statusChanged.disconnect(this._onStatus, this);
    this._panel.context.saveState.disconnect(this._onSave, this);
    this._emr.live.connectedChanged.disconnect(this._onConnected, this);
    window.clearTimeout(this._timer);
    this._watched?.dispose();
    this._waiting.clear();
  }

  /** Asks for runs; with `lostAlone` for those whose kernel is gone. */
  private async _look(lostAlone: boolean): Promise<void> {
    if (this._isDisposed || !this._isOurs) {
      return;
    }
    for (const view of await this._list()) {
      const isWanted = view.orphan || !lostAlone || this._waiting.has(view.run);
      if (isWanted && !this._own.has(view.cell)) {
        this._waiting.set(view.run, view);
      }
    }
    await this._takeAll();
  }

  /** Takes what has ended of what is waited for, and goes on waiting for the rest. */
  private async _takeAll(): Promise<void> {
    for (const view of [...this._waiting.values()]) {
      if (view.state === 'ended' || view.orphan) {
        await this._take(view);
      } else {
        this._show(view, true);
      }
    }
    if (this._isDisposed) {
      return;
    }
    const waiting = [...this._waiting.values()];
    window.clearTimeout(this._timer);
    if (waiting.some(one => one.orphan || one.state === 'ended')) {
      this._timer = window.setTimeout(() => void this._takeAll(), this._wait);
      this._wait = Math.min(this._wait * 1.5, LONGEST_WAIT);
    }
    if (waiting.length > 0) {
      this._watched ??= this._emr.live.watch('runs', told => this._onTold(told));
    } else {
      this._watched?.dispose();
      this._watched = null;
      this._wait = FIRST_WAIT;
    }
  }

  private async _take(view: IRunView): Promise<void> {
    const cell = this._cell(view.cell);
    if (cell === null || this._taking.has(view.run)) {
      return void (cell === null && this._waiting.delete(view.run));
    }
    this._taking.add(view.run);
    try {
      const source = cell.sharedModel.getSource();
      const { current } = this._notebooks.standing(this._panel);
      const told = await this._emr.server.call('POST /runs/{run}/output', {
        run: view.run,
        source,
        take: current?.id !== view.cluster // else the cell itself takes it when it runs again
      });
      if (!this._isDisposed && this._waiting.has(view.run) && !cell.isDisposed) {
        this._put(view, cell, told);
      }
    } catch (error) {
      if (error instanceof ServerFailure && error.status === GONE) {
        this._leave(view); // it ran again, or another page has saved it
      } // else the cluster may answer the next time
    } finally {
      this._taking.delete(view.run);
    }
  }

  private _put(view: IRunView, cell: ICodeCellModel, told: IOutputView): void {
    if (told.state === 'running') {
      this._show(view, true);
      return;
    }
    this._leave(view);
    const { state, ended, edited, tag } = told;
    const mark: IMark = { run: view.run, state, ended, edited, tag };
    const outputs = told.outputs as unknown as nbformat.IOutput[];
    if (hasMark(cell, view.run) || (state === 'ended' && hasAll(cell, outputs))) {
      return;
    }
    const said = markOutput(mark, this._trans) as unknown as nbformat.IOutput;
    fill(cell, [said, ...outputs]);
  }

  private _leave(view: IRunView): void {
    this._waiting.delete(view.run);
    this._show(view, false);
  }

  /** Shows a cell as one that runs, though another page started it. */
  private _show(view: IRunView, isRunning: boolean): void {
    const cell = this._cell(view.cell);
    if (cell !== null && !this._own.has(view.cell)) {
      cell.executionState = isRunning ? 'running' : 'idle';
    }
  }

  private async _list(): Promise<readonly IRunView[]> {
    try {
      const notebook = this._panel.context.localPath;
      return (await this._emr.server.call('GET /runs', { notebook })).runs;
    } catch {
      return []; // the panel's banner tells of a server part that is missing
    }
  }

  private _onTold(told: IRunView): void {
    if (this._waiting.has(told.run)) {
      this._waiting.set(told.run, told);
      void this._takeAll();
    }
  }

  private _onScheduled(
    _: unknown,
    { notebook, cell }: { notebook: unknown; cell: { model: { id: string } } }
  ): void {
    if (notebook === this._panel.content) {
      this._own.add(cell.model.id);
      for (const view of [...this._waiting.values()]) {
        if (view.cell === cell.model.id) {
          this._waiting.delete(view.run);
        }
      }
    }
  }

  private _onStatus(_: unknown, status: Kernel.Status): void {
    if (ENDS.includes(status)) {
      this._hasEnded = true;
    } else if (this._hasEnded || this._panel.sessionContext.hasNoKernel) {
      this._hasEnded = false;
    } else {
      return;
    }
    this._own.clear(); // nobody sees any more what they give
    void this._look(true);
  }

  private _onConnected(_: unknown, isConnected: boolean): void {
    if (isConnected && this._waiting.size > 0) {
      void this._look(true); // the server may have been restarted, and kernels with it
    }
  }

  /** Tells the server what stands in the file by now: what had ended when it was written. */
  private _onSave(_: unknown, state: DocumentRegistry.SaveState): void {
    if (state === 'started' && this._isOurs) {
      this._saving = this._list().then(all =>
        all
          .filter(one => one.state === 'ended' && !this._waiting.has(one.run))
          .map(one => one.run)
      );
    } else if (state === 'completed') {
      void this._saved();
    }
  }

  private async _saved(): Promise<void> {
    const runs = await this._saving;
    this._saving = Promise.resolve([]);
    if (runs.length > 0 && !this._isDisposed) {
      const notebook = this._panel.context.localPath;
      try {
        await this._emr.server.call('POST /runs/saved', {
          notebook,
          runs: [...runs]
        });
      } catch {
        // it is told by the next save
      }
    }
  }

  private get _isOurs(): boolean {
    const cells = this._panel.content.model?.cells ?? [];
    return [...cells].some(
      one => one.type === 'code' && OURS.test(one.sharedModel.getSource())
    );
  }

  private _cell(id: string): ICodeCellModel | null {
    const cells = this._panel.content.model?.cells ?? [];
    const found = [...cells].find(one => one.id === id);
    return found?.type === 'code' ? (found as ICodeCellModel) : null;
  }

  private readonly _waiting = new Map<string, IRunView>();
  private readonly _taking = new Set<string>();
  private readonly _own = new Set<string>(); // cells that this page has run
  private _saving: Promise<readonly string[]> = Promise.resolve([]);
  private _watched: IDisposable | null = null;
  private _timer = 0;
  private _wait = FIRST_WAIT;
  private _hasEnded = false;
  private _isDisposed = false;
}
