import type { ISessionContext } from '@jupyterlab/apputils';
import type { Kernel } from '@jupyterlab/services';
import type { JSONObject } from '@lumino/coreutils';
import { Signal, type ISignal } from '@lumino/signaling';
import { readMessage } from './payload';
import { COMM_TARGET, type IChannel, type IRowSource } from './tokens';

/** What the kernel of a notebook answers, over a comm that we open. */
export class CommSource<M, Q> implements IChannel<M, Q> {
  constructor(
    session: ISessionContext,
    kernel: Kernel.IKernelConnection,
    target: string,
    read: (data: unknown) => M | null
  ) {
    this._session = session;
    session.kernelChanged.connect(this._onClosed, this);
    session.statusChanged.connect(this._onStatus, this);
    this._comm = kernel.createComm(target);
    this._comm.onMsg = msg => {
      const message = read(msg.content.data);
      if (message !== null) {
        this._message.emit(message);
      }
    };
    this._comm.onClose = () => this._onClosed();
  }

  get message(): ISignal<this, M> {
    return this._message;
  }

  get closed(): ISignal<this, void> {
    return this._closed;
  }

  /** Asks for what is meant; the answer is `ready`, `gone`, or the comm closed by a stranger. */
  open(data: JSONObject): void {
    this._comm.open(data);
  }

  send(request: Q): void {
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
  private readonly _message = new Signal<this, M>(this);
  private readonly _closed = new Signal<this, void>(this);
  private _isDisposed = false;
}

/**
 * Opens a way to a kernel that runs already; null where there is none.
 *
 * Never starts a kernel.
 */
export function openChannel<M, Q>(
  session: ISessionContext,
  target: string,
  data: JSONObject,
  read: (data: unknown) => M | null
): CommSource<M, Q> | null {
  const kernel = session.session?.kernel;
  if (!kernel || kernel.isDisposed || !kernel.handleComms) {
    return null;
  }
  const source = new CommSource<M, Q>(session, kernel, target, read);
  source.open(data);
  return source;
}

/** Opens a way to the rows of a result; null where no kernel runs. */
export function openSource(
  session: ISessionContext,
  result: string
): IRowSource | null {
  return result
    ? openChannel(session, COMM_TARGET, { version: 1, result }, readMessage)
    : null;
}
