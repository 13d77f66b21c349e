import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import type { IEmr } from './tokens';
import { element } from '../dom';

/** Says above all sections what keeps them from the truth: no server part, or none that answers. */
export class Banner extends Widget {
  constructor(
    private readonly _emr: IEmr,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.addClass('emrnb-Banner');
    this.node.setAttribute('role', 'status');
    this.hide();
    _emr.health.changed.connect(this._draw, this);
    _emr.live.connectedChanged.connect(this._onConnected, this);
  }

  override dispose(): void {
    this._emr.health.changed.disconnect(this._draw, this);
    this._emr.live.connectedChanged.disconnect(this._onConnected, this);
    super.dispose();
  }

  /** Asks anew; to be called when the panel is seen. */
  check(): void {
    void this._emr.health.check();
  }

  private _onConnected(_: unknown, isConnected: boolean): void {
    // also when it is back: another server part may answer now
    if (isConnected || this._emr.health.state === 'ok') {
      this.check();
    }
  }

  private _draw(): void {
    const said = this._told();
    this.setHidden(said === null);
    this.node.replaceChildren();
    if (said === null) {
      return;
    }
    const [what, advice] = said;
    const again = element('button', 'emrnb-Link', this._trans.__('Try again'));
    again.type = 'button';
    again.addEventListener('click', () => this.check());
    this.node.append(element('div', 'emrnb-BannerWhat', what));
    if (advice) {
      this.node.append(element('div', 'emrnb-BannerAdvice', advice));
    }
    this.node.append(again);
  }

  private _told(): readonly [string, string] | null {
    const trans = this._trans;
    switch (this._emr.health.state) {
      case 'missing':
        return [
          trans.__('The server part of emr_nb is not there.'),
          trans.__(
            'Run "pip install emr-nb" where the Jupyter server runs, or "jupyter server extension enable emr_nb", and restart the server.'
          )
        ];
      case 'older':
        return [
          trans.__(
            'The server part of emr_nb (%1) is older than this page.',
            this._emr.health.version
          ),
          trans.__(
            'Run "pip install -U emr-nb" where the Jupyter server runs, restart the server and reload the page.'
          )
        ];
      case 'unreachable':
        return [
          trans.__('The Jupyter server does not answer: what is shown may be old.'),
          ''
        ];
      default:
        return null;
    }
  }
}
