import type { TranslationBundle } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import { element } from '../dom';
import { Grid } from '../grid';
import type { IRange } from '../selection';
import { Ask } from './ask';
import { keepKeys } from './controls';
import { icon } from './icons';
import { Jobs } from './jobs';
import { listKey } from './keys';
import type { FilesModel } from './model';
import { Pane } from './pane';
import { PathBar } from './path';
import { StatusLine } from './status';
import { filesSummary } from './summary';
import type { CodeKind } from './tokens';
import { Toolbar, type IActions } from './toolbar';
import type { ISelectedRows } from './work';

const FILTER_DELAY = 200;
const PREVIEW_DELAY = 250;
const DETAIL_DELAY = 150;
const LIST_ROWS = 13;
const IDS_SENT = 500;
const HEAD_HEIGHT = 28;

/** Puts a cell with code below the one that a node belongs to; false where there is none. */
export type Insert = (node: HTMLElement, code: string) => boolean;

/** A file browser: path, buttons, the list with a pane beside it, and what there is to say. */
export class FilesView extends Widget implements IActions {
  constructor(
    private readonly _model: FilesModel,
    private readonly _trans: TranslationBundle,
    private readonly _insert: Insert
  ) {
    super();
    this.addClass('emrnb-Files');
    this.node.setAttribute('role', 'group');
    this.node.setAttribute(
      'aria-label',
      _trans.__('Files of %1', _model.payload.cluster)
    );
    const focus = () => this._grid.node.focus({ preventScroll: true });
    this._path = new PathBar(_model, _trans, focus);
    this._toolbar = new Toolbar(_trans, this);
    this._pane = new Pane(_model, _trans, () => {
      _model.work.closePreview();
      focus();
    });
    this._ask = new Ask(_model, _trans, focus);
    this._jobs = new Jobs(_model, _trans);
    this._status = new StatusLine(_trans);
    this._grid = this._makeGrid();
    this._makeFilter();
    this._fault.setAttribute('role', 'alert');
    const foot = element('div', 'emrnb-Foot');
    foot.append(this._summary, this._status.node, this._filter);
    this._list.append(this._grid.node, this._empty);
    this._main.append(this._list, this._pane.node);
    const parts = [this._path.node, this._toolbar.node, this._ask.node, this._main];
    this.node.append(...parts, this._fault, this._jobs.node, foot);
    _model.changed.connect(this._draw, this);
    _model.moved.connect(this._onMoved, this);
    _model.told.connect(this._onTold, this);
  }

  dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this._timers.forEach(timer => window.clearTimeout(timer));
    this._status.dispose();
    this._grid.dispose();
    this._model.dispose();
    super.dispose();
  }

  // -- what the buttons do -------------------------------------------------------------

  up(): void {
    this._model.up();
  }

  refresh(): void {
    this._model.refresh();
  }

  open(): void {
    this._openRow(this._model.find(this._selected[0] ?? -1));
  }

  preview(): void {
    const id = this._selected[0];
    if (id !== undefined) {
      this._model.work.askPreview(id);
    }
  }

  closePreview(): boolean {
    const { preview, isPreviewing } = this._model.work;
    this._model.work.closePreview();
    return preview !== null || isPreviewing;
  }

  download(): void {
    const id = this._selected[0];
    if (id !== undefined) {
      this._model.work.download(id);
    }
  }

  copyPath(): void {
    this._model.work.askPath(this._rows());
  }

  insert(kind: CodeKind): void {
    const id = this._selected[0];
    if (id !== undefined) {
      this._model.work.askCode(id, kind);
    }
  }

  newFolder(): void {
    this._ask.name(this._trans.__('Name of the new folder'), '', name =>
      this._model.work.askPlan('mkdir', [], name)
    );
  }

  rename(): void {
    const id = this._selected[0];
    if (id !== undefined) {
      const now = this._model.row(this._model.find(id))?.[0] ?? '';
      this._ask.name(this._trans.__('New name'), now, name =>
        this._model.work.askPlan('rename', [id], name)
      );
    }
  }

  remove(): void {
    if (this._selected.length > 0) {
      this._model.work.askDelete(this._rows());
    }
  }

  // -- inside ---------------------------------------------------------------------------

  protected onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._draw();
    this._grid.reattached();
  }

  protected onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._grid.reattached();
  }

  private _makeGrid(): Grid {
    return new Grid(this._model, this._trans, text => this._status.say(text), {
      label: this._trans.__('Files'),
      hasNumbers: false,
      headHeight: HEAD_HEIGHT,
      leastRows: LIST_ROWS,
      isList: true,
      decorate: (cell, row, column) => this._decorate(cell, row, column),
      mark: row => (this._model.id(row) < 0 ? '' : this._model.kind(row)),
      onSelected: range => this._onSelected(range),
      onOpen: row => this._openRow(row),
      onCopy: () => this.copyPath(),
      onKey: event => listKey(event, this, this._path, this._filter)
    });
  }

  private _makeFilter(): void {
    this._filter.type = 'search';
    this._filter.placeholder = this._trans.__('Filter, e.g. part size>10m');
    this._filter.setAttribute('aria-label', this._trans.__('Filter files'));
    this._filter.title = this._trans.__(
      'Words look into names; size>10m, modified>2024-05-01, owner=hadoop into columns'
    );
    this._filter.addEventListener('input', () =>
      this._later('filter', FILTER_DELAY, () =>
        this._model.setFilter(this._filter.value)
      )
    );
    this._filter.addEventListener('keydown', event => {
      keepKeys(event);
      if (event.key === 'Escape') {
        this._filter.value = '';
      }
      if (event.key === 'Enter' || event.key === 'Escape') {
        this._model.setFilter(this._filter.value);
      }
    });
  }

  private _decorate(cell: HTMLElement, row: number, column: number): void {
    if (column === 0 && this._model.id(row) >= 0) {
      const kind = this._model.kind(row);
      const name =
        kind === 'directory' ? 'folder' : kind === 'symlink' ? 'link' : 'file';
      cell.prepend(icon(name));
      if (kind === 'directory') {
        cell.setAttribute(
          'aria-label',
          this._trans.__('%1, folder', cell.textContent ?? '')
        );
      }
    }
  }

  private _openRow(row: number): void {
    const id = this._model.id(row);
    if (id < 0) {
      return;
    }
    if (this._model.kind(row) === 'directory') {
      this._model.openEntry(id);
    } else {
      this._model.work.askPreview(id);
    }
  }

  /** Says which rows are selected: of many, few are here, so the kernel is told the range. */
  private _rows(): ISelectedRows {
    const range = this._range;
    if (range === null || this._selected.length < 2) {
      return { ids: this._selected };
    }
    const { sort, filter } = this._model;
    return {
      ids: this._selected.slice(0, IDS_SENT),
      start: range.top,
      count: range.bottom - range.top + 1,
      text: filter,
      ...(sort ? { sort } : {})
    };
  }

  private _onSelected(range: IRange | null): void {
    this._range = range;
    const ids: number[] = [];
    for (let row = range?.top ?? 0; range !== null && row <= range.bottom; row++) {
      const id = this._model.id(row);
      if (id >= 0) {
        ids.push(id);
      }
    }
    const isOther = ids.join() !== this._selected.join();
    this._selected = ids;
    this._drawTools();
    const isOpen = this._model.work.preview !== null || this._model.work.isPreviewing;
    if (isOther && isOpen && ids.length === 1) {
      this._later('preview', PREVIEW_DELAY, () => this.preview());
    }
  }

  private _onMoved(): void {
    const had = this._grid.node.contains(document.activeElement);
    this._grid.dispose();
    const before = this._grid.node;
    this._selected = [];
    this._range = null;
    this._grid = this._makeGrid();
    before.replaceWith(this._grid.node);
    this._filter.value = this._model.filter;
    if (had) {
      this._grid.node.focus({ preventScroll: true });
    }
  }

  private _onTold(_: FilesModel, told: { type: string; text: string }): void {
    if (told.type === 'code') {
      if (this._insert(this.node, told.text)) {
        this._status.say(this._trans.__('Inserted below.'));
      } else {
        void this._status.copy(told.text, this._trans.__('Copied the code.'));
      }
    } else if (told.type === 'path') {
      const many = told.text.split('\n').length;
      const what =
        many > 1 ? this._trans.__('%1 paths', many.toLocaleString()) : told.text;
      void this._status.copy(told.text, this._trans.__('Copied %1', what));
    } else {
      this._status.say(told.text);
    }
  }

  private _draw(): void {
    const model = this._model;
    this.node.dataset.state = model.state;
    const isLive = model.state === 'live';
    this._toolbar.node.hidden = this._filter.hidden = !isLive;
    this._main.hidden = !isLive;
    this._path.draw();
    this._pane.draw();
    this._ask.draw();
    this._jobs.draw();
    this._drawFault();
    this._status.work(model.work.isWorking);
    this._summary.textContent = filesSummary(model, this._trans);
    this.toggleClass('emrnb-mod-waiting', model.isOpening);
    this._main.classList.toggle(
      'emrnb-mod-split',
      model.work.preview !== null || model.work.isPreviewing
    );
    this._followSelection();
    this._drawTools();
    if (isLive) {
      const isFirst = model.hasDetails && !this._hasDetails; // late columns have no width yet
      this._hasDetails = model.hasDetails;
      this._grid.draw(isFirst);
      this._later('detail', DETAIL_DELAY, () => model.wantDetails());
    }
  }

  /** Keeps the cursor on its entry while others come in above it. */
  private _followSelection(): void {
    const id = this._selected.length === 1 ? this._selected[0] : undefined;
    if (id === undefined || this._model.isStale) {
      return;
    }
    const row = this._model.find(id);
    if (row !== this._grid.row && (row >= 0 || this._model.id(this._grid.row) >= 0)) {
      this._selected = row >= 0 ? this._selected : [];
      this._grid.moveTo(row);
    }
  }

  private _drawTools(): void {
    const count = this._selected.length;
    const row = count === 1 ? this._model.find(this._selected[0] ?? -1) : -1;
    const parts = this._model.folder?.parts ?? [];
    this._toolbar.draw({
      count,
      isFolder: row >= 0 && this._model.kind(row) === 'directory',
      canChange: !(parts.length === 1 && parts[0] === 's3://')
    });
  }

  private _drawFault(): void {
    const { fault, count, filter, rowCount, isOpening } = this._model;
    this._fault.hidden = fault === null;
    if (fault !== null) {
      const where = fault.where ? ` [${fault.where}]` : '';
      const what = element('div', 'emrnb-FaultWhat', fault.what + where);
      this._fault.replaceChildren(what);
      if (fault.advice) {
        this._fault.append(element('div', 'emrnb-FaultAdvice', `→ ${fault.advice}`));
      }
    } else {
      this._fault.replaceChildren();
    }
    const isEmpty = rowCount === 0 && count.done && fault === null && !isOpening;
    this._empty.hidden = !isEmpty;
    this._empty.textContent =
      filter && count.total > 0
        ? this._trans.__('Nothing here matches the filter.')
        : this._trans.__('This folder is empty.');
  }

  private _later(name: string, delay: number, run: () => void): void {
    window.clearTimeout(this._timers.get(name));
    this._timers.set(name, window.setTimeout(run, delay));
  }

  private readonly _timers = new Map<string, number>();
  private readonly _path: PathBar;
  private readonly _toolbar: Toolbar;
  private readonly _pane: Pane;
  private readonly _ask: Ask;
  private readonly _jobs: Jobs;
  private readonly _main = element('div', 'emrnb-FilesMain');
  private readonly _list = element('div', 'emrnb-FilesList');
  private readonly _empty = element('div', 'emrnb-Empty');
  private readonly _fault = element('div', 'emrnb-Fault');
  private readonly _filter = element('input', 'emrnb-Filter');
  private readonly _summary = element('div', 'emrnb-Summary');
  private readonly _status: StatusLine;
  private _grid: Grid;
  private _selected: number[] = [];
  private _range: IRange | null = null;
  private _hasDetails = false;
}
