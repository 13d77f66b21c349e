import type { TranslationBundle } from '@jupyterlab/translation';
import { PanelLayout, Widget } from '@lumino/widgets';
import { element } from '../dom';
import { morphChildren } from '../panel/morph';
import { Rows } from '../panel/rows';
import type { ClustersModel } from './model';
import { drawEnded, drawError } from './notes';
import { CLUSTER_HEIGHT } from './row';

const MOST_SEEN = 5;

/** A fold with the clusters that ended in the last seven days, asked for when it is opened. */
export class Ended extends Widget {
  constructor(
    private readonly _model: ClustersModel,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.addClass('emrnb-Ended');
    const label = _trans.__('Ended in the last 7 days');
    this._head.type = 'button';
    this._head.textContent = label;
    this._head.addEventListener('click', () => this._toggle());
    this._note.setAttribute('role', 'status');
    this._note.addEventListener('click', event => {
      if ((event.target as HTMLElement).dataset.act === 'again') {
        event.stopPropagation();
        void this._load();
      }
    });
    this._rows = new Rows(
      {
        get count() {
          return _model.ended?.length ?? 0;
        },
        look: i => JSON.stringify(_model.ended?.[i]),
        draw: i => {
          const cluster = _model.ended?.[i];
          return cluster ? drawEnded(cluster, _trans) : element('div', '');
        }
      },
      { role: 'list', label, rowHeight: CLUSTER_HEIGHT, mostSeen: MOST_SEEN }
    );
    this._rows.node.tabIndex = 0; // it holds nothing else that could scroll it
    const layout = (this.layout = new PanelLayout());
    layout.addWidget(new Widget({ node: this._head }));
    layout.addWidget(new Widget({ node: this._note }));
    layout.addWidget(this._rows);
    this._show();
  }

  draw(): void {
    if (!this._isOpen) {
      return;
    }
    const { ended, endedError } = this._model;
    const notes: HTMLElement[] = [];
    if (endedError !== null) {
      notes.push(drawError(endedError, 'again', this._trans.__('Try again')));
    } else if (this._isLoading && ended === null) {
      notes.push(element('div', 'emrnb-Empty', this._trans.__('Loading…')));
    } else if (ended?.length === 0) {
      notes.push(element('div', 'emrnb-Empty', this._trans.__('None.')));
    }
    morphChildren(this._note, notes);
    this._rows.draw();
  }

  private _toggle(): void {
    this._isOpen = !this._isOpen;
    this._show();
    if (this._isOpen) {
      void this._load();
    }
  }

  private async _load(): Promise<void> {
    this._isLoading = true;
    this.draw();
    await this._model.loadEnded();
    this._isLoading = false;
    this.draw();
  }

  private _show(): void {
    this._head.setAttribute('aria-expanded', String(this._isOpen));
    this._rows.setHidden(!this._isOpen);
    this._note.hidden = !this._isOpen;
    this.draw();
  }

  private readonly _head = element('button', 'emrnb-EndedHead');
  private readonly _note = element('div', '');
  private readonly _rows: Rows;
  private _isOpen = false;
  private _isLoading = false;
}
