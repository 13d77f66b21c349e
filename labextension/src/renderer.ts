import type { ISessionContext } from '@jupyterlab/apputils';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import type { TranslationBundle } from '@jupyterlab/translation';
import { PanelLayout, Widget } from '@lumino/widgets';
import { element } from './dom';
import { TableModel } from './model';
import { readPayload } from './payload';
import { openSource } from './source';
import { MIME_TYPE, type IPayload } from './tokens';
import { TableView } from './view';

/** Draws one output; makes it live where the output is trusted and its kernel still knows it. */
export class TableRenderer extends Widget implements IRenderMime.IRenderer {
  constructor(
    private readonly _trans: TranslationBundle,
    private readonly _session: ISessionContext | null
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
      layout.addWidget(this._fallback(mime));
      return;
    }
    const model = (this._model = new TableModel(payload));
    layout.addWidget(new TableView(model, this._trans));
    // a file from elsewhere must not talk to a kernel because it was opened
    this._result = mime.trusted ? payload.result : '';
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
    if (!this._session || !model || model.isDisposed || !this._result) {
      return;
    }
    if (!Private.canBeLive(model.payload)) {
      return;
    }
    const source = openSource(this._session, this._result);
    if (source !== null) {
      model.connect(source);
    }
  }

  /** Shows the text that came along when the table itself cannot be read. */
  private _fallback(mime: IRenderMime.IMimeModel): Widget {
    const widget = new Widget();
    const text = mime.data['text/plain'];
    widget.node.append(
      element(
        'div',
        'emrnb-Notice',
        this._trans.__(
          'This table was made by another version of emr_nb; its text follows.'
        )
      ),
      element(
        'pre',
        'emrnb-Text',
        Array.isArray(text) ? text.join('') : String(text ?? '')
      )
    );
    return widget;
  }

  private _model: TableModel | null = null;
  private _result = '';
}

/** Returns the factory for a notebook with its session, or without one for anywhere else. */
export function tableFactory(
  trans: TranslationBundle,
  session: ISessionContext | null
): IRenderMime.IRendererFactory {
  return {
    safe: true, // it draws text only
    mimeTypes: [MIME_TYPE],
    defaultRank: 0,
    createRenderer: () => new TableRenderer(trans, session)
  };
}

namespace Private {
  export function canBeLive(payload: IPayload): boolean {
    return payload.columns.length > 0 && payload.held > 0;
  }
}
