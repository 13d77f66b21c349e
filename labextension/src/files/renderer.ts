import type { ISessionContext } from '@jupyterlab/apputils';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import type { TranslationBundle } from '@jupyterlab/translation';
import { PanelLayout, Widget } from '@lumino/widgets';
import { element } from '../dom';
import { openChannel } from '../source';
import { readMessage, readPayload } from './messages';
import { FilesModel } from './model';
import {
  COMM_TARGET,
  MIME_TYPE,
  type FilesMessage,
  type IFilesRequest
} from './tokens';
import { FilesView, type Insert } from './view';

/** Draws one browser; it talks to the kernel where the output is trusted. */
export class FilesRenderer extends Widget implements IRenderMime.IRenderer {
  constructor(
    private readonly _trans: TranslationBundle,
    private readonly _session: ISessionContext | null,
    private readonly _insert: Insert
  ) {
    super();
    this.addClass('emrnb-Output');
    this.layout = new PanelLayout();
    _session?.kernelChanged.connect(this._connect, this);
  }

  async renderModel(mime: IRenderMime.IMimeModel): Promise<void> {
    const layout = this.layout as PanelLayout;
    while (layout.widgets[0]) {
      layout.widgets[0].dispose();
    }
    this._model = null;
    const payload = readPayload(mime.data[MIME_TYPE]);
    if (payload === null) {
      const widget = new Widget();
      const text = mime.data['text/plain'];
      widget.node.append(element('pre', 'emrnb-Text', String(text ?? '')));
      layout.addWidget(widget);
      return;
    }
    const model = (this._model = new FilesModel(payload));
    layout.addWidget(new FilesView(model, this._trans, this._insert));
    // a file from elsewhere must not talk to a kernel because it was opened
    this._browser = mime.trusted ? payload.browser : '';
    this._connect();
  }

  dispose(): void {
    if (!this.isDisposed) {
      this._session?.kernelChanged.disconnect(this._connect, this);
      super.dispose();
    }
  }

  private _connect(): void {
    const model = this._model;
    if (!this._session || !model || model.isDisposed || !this._browser) {
      return;
    }
    const data = { version: 1, browser: this._browser };
    const channel = openChannel<FilesMessage, IFilesRequest>(
      this._session,
      COMM_TARGET,
      data,
      readMessage
    );
    if (channel !== null) {
      model.connect(channel);
    }
  }

  private _model: FilesModel | null = null;
  private _browser = '';
}

/** Returns the factory for a notebook with its session, or without one for anywhere else. */
export function filesFactory(
  trans: TranslationBundle,
  session: ISessionContext | null,
  insert: Insert
): IRenderMime.IRendererFactory {
  return {
    safe: true, // it draws text, and pictures as data
    mimeTypes: [MIME_TYPE],
    defaultRank: 0,
    createRenderer: () => new FilesRenderer(trans, session, insert)
  };
}
