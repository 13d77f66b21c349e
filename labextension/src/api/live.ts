import { ServerConnection } from '@jupyterlab/services';
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';
import { PREFIX } from './schema';
import type { ILive, ITopics, Topic } from './tokens';

const FIRST_WAIT = 500; // ms until a lost connection is tried again; doubled each time
const LONGEST_WAIT = 15_000;
const SILENCE = 40_000; // ms without a word after which nobody is there: see BEAT in live.py
const IDLE = 5_000; // ms that a connection stays when nothing is watched any more

type Listener = (body: ITopics[Topic]) => void;

/** Live state over one websocket, open while anything is watched. */
export class Live implements ILive {
  constructor(private readonly _settings: ServerConnection.ISettings) {
    window.addEventListener('offline', () => this._lose());
    window.addEventListener('online', () => this._again());
  }

  get isConnected(): boolean {
    return this._isConnected;
  }

  get connectedChanged(): ISignal<ILive, boolean> {
    return this._connectedChanged;
  }

  watch<K extends Topic>(topic: K, listener: (body: ITopics[K]) => void): IDisposable {
    const listeners = this._listeners.get(topic) ?? new Set<Listener>();
    this._listeners.set(topic, listeners);
    const own: Listener = body => listener(body as ITopics[K]);
    listeners.add(own);
    // who comes second would hear only changes: naming the topic anew tells all
    this._want(listeners.size > 1 ? topic : null);
    return new DisposableDelegate(() => {
      listeners.delete(own);
      if (listeners.size === 0) {
        this._listeners.delete(topic);
      }
      this._want(null);
    });
  }

  private _want(again: Topic | null): void {
    window.clearTimeout(this._idle);
    if (this._listeners.size === 0) {
      this._idle = window.setTimeout(() => this._close(), IDLE);
    } else if (this._socket === null) {
      this._open();
    } else if (this._isConnected) {
      if (again !== null) {
        this._send(again);
      }
      this._send(null);
    }
  }

  private _open(): void {
    const { wsUrl, token, appendToken } = this._settings;
    const query = appendToken && token ? `?token=${encodeURIComponent(token)}` : '';
    const url = `${wsUrl.replace(/\/$/, '')}${PREFIX}/live${query}`;
    const socket = new this._settings.WebSocket(url);
    this._socket = socket;
    window.clearTimeout(this._retry);
    this._listen();
    socket.onopen = () => {
      this._wait = FIRST_WAIT;
      this._set(true);
      this._send(null);
    };
    socket.onmessage = event => {
      this._listen();
      this._take(String(event.data));
    };
    socket.onclose = () => {
      if (this._socket === socket) {
        this._lose();
      }
    };
  }

  /** Waits for the next word; a connection whose network is gone does not end by itself. */
  private _listen(): void {
    window.clearTimeout(this._silence);
    this._silence = window.setTimeout(() => this._lose(), SILENCE);
  }

  /** Leaves a connection that is lost, and tries another one in a while. */
  private _lose(): void {
    this._close();
    if (this._listeners.size > 0) {
      this._retry = window.setTimeout(() => this._again(), this._wait);
      this._wait = Math.min(this._wait * 2, LONGEST_WAIT);
    }
  }

  private _again(): void {
    if (this._socket === null && this._listeners.size > 0) {
      this._open();
    }
  }

  private _close(): void {
    const socket = this._socket;
    this._socket = null;
    window.clearTimeout(this._retry);
    window.clearTimeout(this._silence);
    socket?.close();
    this._set(false);
  }

  /** Names what is watched; `without` first leaves one out, so that it is told whole again. */
  private _send(without: Topic | null): void {
    const watch = [...this._listeners.keys()].filter(topic => topic !== without);
    this._socket?.send(JSON.stringify({ watch }));
  }

  private _take(text: string): void {
    const message = JSON.parse(text) as { topic: Topic; body: ITopics[Topic] };
    for (const listener of [...(this._listeners.get(message.topic) ?? [])]) {
      listener(message.body);
    }
  }

  private _set(isConnected: boolean): void {
    if (this._isConnected !== isConnected) {
      this._isConnected = isConnected;
      this._connectedChanged.emit(isConnected);
    }
  }

  private readonly _listeners = new Map<Topic, Set<Listener>>();
  private readonly _connectedChanged = new Signal<ILive, boolean>(this);
  private _socket: WebSocket | null = null;
  private _isConnected = false;
  private _wait = FIRST_WAIT;
  private _retry = 0;
  private _silence = 0;
  private _idle = 0;
}
