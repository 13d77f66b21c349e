import type { TranslationBundle } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import { element } from './dom';
import { Grid } from './grid';
import type { IGridOptions } from './gridOptions';
import type { TableModel } from './model';
import { summary } from './summary';

const FILTER_DELAY = 250;
const WAIT_DELAY = 800;
const SAID_DELAY = 4000;

/** A result table: a filter when live, the grid, and what there is to say about it. */
export class TableView extends Widget {
  constructor(
    private readonly _model: TableModel,
    private readonly _trans: TranslationBundle,
    options: IGridOptions = {}
  ) {
    super();
    this.addClass('emrnb-Table');
    this._grid = new Grid(_model, _trans, text => this._say(text), options);
    this._filter.type = 'search';
    this._filter.placeholder = _trans.__('Filter rows');
    this._filter.setAttribute('aria-label', _trans.__('Filter rows'));
    this._filter.addEventListener('input', () => this._onFilter());
    this._filter.addEventListener('keydown', event => this._onFilterKey(event));
    this._status.setAttribute('role', 'status');
    const foot = element('div', 'emrnb-Foot');
    foot.append(this._summary, this._status, this._filter);
    this.node.append(this._grid.node, foot, this._notices);
    _model.changed.connect(this._draw, this);
  }

  dispose(): void {
    if (this.isDisposed) {
      return;
    }
    window.clearTimeout(this._filterTimer);
    window.clearTimeout(this._waitTimer);
    window.clearTimeout(this._saidTimer);
    this._grid.dispose();
    this._model.dispose();
    super.dispose();
  }

  protected onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._draw();
    this._grid.reattached();
  }

  protected onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._grid.reattached();
  }

  private _draw(): void {
    const live = this._model.state === 'live';
    this.node.dataset.state = this._model.state;
    this._filter.hidden = !live || this._model.payload.held < 2;
    if (!live) {
      this._filter.value = '';
    }
    this._summary.textContent = summary(this._model, this._trans);
    this._drawNotices();
    this._grid.draw();
    this._watchWait();
  }

  private _drawNotices(): void {
    const texts = [...this._model.payload.notices];
    const { rows, held } = this._model.payload;
    if (this._model.state === 'saved' && rows.length < held) {
      texts.push(
        this._trans.__('Run the cell again to scroll, sort and filter all of it.')
      );
    }
    const nodes = texts.map(text => element('div', 'emrnb-Notice', text));
    if (this._model.error) {
      const error = element('div', 'emrnb-Notice emrnb-mod-error', this._model.error);
      error.setAttribute('role', 'alert');
      nodes.push(error);
    }
    this._notices.replaceChildren(...nodes);
  }

  /** Says that the kernel is busy, but not at every blink. */
  private _watchWait(): void {
    if (!this._model.isWaiting) {
      window.clearTimeout(this._waitTimer);
      this._waitTimer = 0;
      this.removeClass('emrnb-mod-waiting');
      if (!this._saidTimer) {
        this._status.textContent = '';
      }
    } else if (!this._waitTimer) {
      this._waitTimer = window.setTimeout(() => {
        this.addClass('emrnb-mod-waiting');
        this._status.textContent = this._trans.__('Waiting for the kernel…');
      }, WAIT_DELAY);
    }
  }

  private _say(text: string): void {
    window.clearTimeout(this._saidTimer);
    this._status.textContent = text;
    this._saidTimer = window.setTimeout(() => {
      this._saidTimer = 0;
      this._status.textContent = '';
    }, SAID_DELAY);
  }

  private _onFilter(): void {
    window.clearTimeout(this._filterTimer);
    this._filterTimer = window.setTimeout(() => {
      this._model.setFilter(this._filter.value);
    }, FILTER_DELAY);
  }

  private _onFilterKey(event: KeyboardEvent): void {
    if (event.key !== 's' || !(event.ctrlKey || event.metaKey)) {
      event.stopPropagation(); // typing; but saving works from anywhere
    }
    if (event.key === 'Enter') {
      window.clearTimeout(this._filterTimer);
      this._model.setFilter(this._filter.value);
    } else if (event.key === 'Escape') {
      this._filter.value = '';
      this._model.setFilter('');
    }
  }

  private readonly _grid: Grid;
  private readonly _filter = element('input', 'emrnb-Filter');
  private readonly _summary = element('div', 'emrnb-Summary');
  private readonly _status = element('div', 'emrnb-Status');
  private readonly _notices = element('div', 'emrnb-Notices');
  private _filterTimer = 0;
  private _waitTimer = 0;
  private _saidTimer = 0;
}
