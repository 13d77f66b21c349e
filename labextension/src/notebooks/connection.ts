import type { ISessionContext } from '@jupyterlab/apputils';
import type { Kernel, KernelMessage } from '@jupyterlab/services';
import { Signal, type ISignal } from '@lumino/signaling';
import type { IAttached, IStanding } from './tokens';

const TARGET = 'emr_nb.notebook';
const SILENT: IStanding = { state: 'silent', attached: [], current: null };

/** Hears from one notebook's kernel what it has attached; runs nothing to ask. */
export class Connection {
  constructor(private readonly _context: ISessionContext) {
    _context.kernelChanged.connect(this._onKernel, this);
    _context.statusChanged.connect(this._onStatus, this);
    this._try();
  }

  get changed(): ISignal<Connection, IStanding> {
    return this._changed;
  }

  get standing(): IStanding {
    return this._standing;
  }

  dispose(): void {
    this._context.kernelChanged.disconnect(this._onKernel, this);
    this._context.statusChanged.disconnect(this._onStatus, this);
    this._leave();
    Signal.clearData(this);
  }

  private _onKernel(): void {
    this._leave();
    this._set(SILENT);
    this._try();
  }

  private _onStatus(_: unknown, status: Kernel.Status): void {
    if (['restarting', 'autorestarting', 'dead', 'terminating'].includes(status)) {
      this._leave();
      this._set(SILENT);
    } else if (status === 'idle' && this._comm === null) {
      this._try(); // a cell that ended may have loaded the extension
    }
  }

  private _try(): void {
    const kernel = this._context.session?.kernel;
    if (!kernel || this._comm !== null || !kernel.handleComms) {
      return;
    }
    const comm = kernel.createComm(TARGET);
    this._comm = comm;
    comm.onMsg = message => this._take(message);
    // a kernel that has no such target closes at once: its next idle moment tries again
    comm.onClose = () => {
      if (this._comm === comm) {
        this._comm = null;
        this._set(SILENT);
      }
    };
    comm.open({});
  }

  private _take(message: KernelMessage.ICommMsgMsg): void {
    const data = message.content.data as unknown as {
      type: string;
      attached: IAttached[];
    };
    if (data.type === 'standing') {
      const { attached } = data;
      const current = attached.find(one => one.current) ?? null;
      this._set({ state: 'told', attached, current });
    }
  }

  private _leave(): void {
    const comm = this._comm;
    this._comm = null;
    if (comm && !comm.isDisposed) {
      comm.dispose();
    }
  }

  private _set(standing: IStanding): void {
    if (this._standing !== standing) {
      this._standing = standing;
      this._changed.emit(standing);
    }
  }

  private readonly _changed = new Signal<Connection, IStanding>(this);
  private _comm: Kernel.IComm | null = null;
  private _standing: IStanding = SILENT;
}
