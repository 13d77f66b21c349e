import type { ISessionContext } from '@jupyterlab/apputils';
import type { Kernel } from '@jupyterlab/services';
import type { JSONObject } from '@lumino/coreutils';
import { Signal, type ISignal } from '@lumino/signaling';
import { readMessage } from './payload';
import {
  COMM_TARGET,
  type IPageRequest,
  type IRowSource,
  type KernelMessage
} from './tokens';

/** Rows from the kernel of a notebook, over a comm that we open. */
export class CommSource implements IRowSource {
  constructor(session: ISessionContext, kernel: Kernel.IKernelConnection) {
    this._session = session;
    session.kernelChanged.connect(this._onClosed, this);
    session.statusChanged.connect(this._onStatus, this);
    this._comm = kernel.createComm(COMM_TARGET);
    this._comm.onMsg = msg => {
      const message = readMessage(msg.content.data);
      if (message !== null) {
        this._message.emit(message);
      }
    };
    this._comm.onClose = () => this._onClosed();
  }

  get message(): ISignal<this, KernelMessage> {
    return this._message;
  }

  get closed(): ISignal<this, void> {
    return this._closed;
  }

  /** Asks for a result; the answer is `ready`, `gone`, or the comm closed by a stranger. */
  open(result: string): void {
    this._comm.open({ version: 1, result });
  }

  send(request: IPageRequest): void {
    if (!this._comm.isDisposed) {
      this._comm.send(request as unknown as JSONObject);
    }
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._session.kernelChanged.disconnect(this._onClosed, this);
    this._session.statusChanged.disconnect(this._onStatus, this);
    Signal.clearData(this);
    if (!this._comm.isDisposed) {
      try {
        this._comm.close();
      } catch {
        this._comm.dispose(); // the kernel is gone already
      }
    }
  }

  private _onStatus(_: ISessionContext, status: Kernel.Status): void {
    if (['restarting', 'autorestarting', 'terminating', 'dead'].includes(status)) {
      this._onClosed();
    }
  }

  private _onClosed(): void {
    if (!this._isDisposed) {
      this._closed.emit();
    }
  }

  private readonly _session: ISessionContext;
  private readonly _comm: Kernel.IComm;
  private readonly _message = new Signal<this, KernelMessage>(this);
  private readonly _closed = new Signal<this, void>(this);
  private _isDisposed = false;
}

/**
 * Opens a way to a kernel that runs already; null where there is none.
 *
 * Never starts a kernel.
 */
export function openSource(
  session: ISessionContext,
  result: string
): CommSource | null {
  const kernel = session.session?.kernel;
  if (!kernel || !result || kernel.isDisposed || !kernel.handleComms) {
    return null;
  }
  const source = new CommSource(session, kernel);
  source.open(result);
  return source;
}
