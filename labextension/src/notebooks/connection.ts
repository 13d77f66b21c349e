import type { ISessionContext } from '@jupyterlab/apputils';
import { KernelMessage, type Kernel } from '@jupyterlab/services';
import { Signal, type ISignal } from '@lumino/signaling';
import type { IAttached, IStanding } from './tokens';

const TARGET = 'emr_nb.notebook';
const SILENT: IStanding = { state: 'silent', attached: [], current: null };
const ENDS = ['restarting', 'autorestarting', 'dead', 'terminating'];

/** Hears from one notebook's kernel what it has attached; runs nothing to ask. */
export class Connection {
  constructor(private readonly _context: ISessionContext) {
    _context.kernelChanged.connect(this._onKernel, this);
    _context.statusChanged.connect(this._onStatus, this);
    _context.iopubMessage.connect(this._onMessage, this);
    void this._try();
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
    this._context.iopubMessage.disconnect(this._onMessage, this);
    this._leave();
    Signal.clearData(this);
  }

  private _onKernel(): void {
    this._leave();
    this._set(SILENT);
    void this._try();
  }

  private _onStatus(_: unknown, status: Kernel.Status): void {
    if (ENDS.includes(status)) {
      this._leave();
      this._set(SILENT);
      this._isNew = true;
    } else if (status === 'idle' && this._isNew) {
      this._isNew = false; // a kernel's configuration may load the extension
      void this._try();
    }
  }

  private _onMessage(_: unknown, message: KernelMessage.IMessage): void {
    const parent = message.parent_header as Partial<KernelMessage.IHeader>;
    if (
      this._comm === null &&
      parent.msg_type === 'execute_request' &&
      KernelMessage.isStatusMsg(message as KernelMessage.IIOPubMessage) &&
      (message as KernelMessage.IStatusMsg).content.execution_state === 'idle'
    ) {
      void this._try(); // the cell that ended may have loaded the extension
    }
  }

  /** Opens the comm where the kernel has its target: opening any other is an error in its log. */
  private async _try(): Promise<void> {
    const kernel = this._context.session?.kernel;
    if (!kernel || this._comm !== null || !kernel.handleComms) {
      return;
    }
    const isThere = await this._ask(kernel);
    if (isThere && this._comm === null && this._context.session?.kernel === kernel) {
      this._open(kernel);
    }
  }

  /** Whether a kernel has the target; asked beside its cells, so that a busy one answers too. */
  private async _ask(kernel: Kernel.IKernelConnection): Promise<boolean> {
    // the control channel takes what the shell takes, which its types do not know
    const message = KernelMessage.createMessage<KernelMessage.IDebugRequestMsg>({
      msgType: 'comm_info_request',
      channel: 'control',
      session: kernel.clientId,
      username: kernel.username,
      content: { target_name: TARGET }
    } as unknown as KernelMessage.IOptions<KernelMessage.IDebugRequestMsg>);
    this._asked?.dispose(); // one at a time: a kernel that answers none is left alone
    try {
      const asked = kernel.sendControlMessage(message, true, true);
      this._asked = asked;
      const { content } =
        (await asked.done) as unknown as KernelMessage.ICommInfoReplyMsg;
      return content.status === 'ok' && Object.keys(content.comms).length > 0;
    } catch {
      return false; // it ended, or a later question took the place of this one
    }
  }

  private _open(kernel: Kernel.IKernelConnection): void {
    const comm = kernel.createComm(TARGET);
    this._comm = comm;
    comm.onMsg = message => this._take(message);
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
    this._asked?.dispose();
    this._asked = null;
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
  private _asked: { dispose(): void } | null = null;
  private _isNew = false;
  private _standing: IStanding = SILENT;
}
