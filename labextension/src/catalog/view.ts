import { refreshIcon, ToolbarButton } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Panel, Widget } from '@lumino/widgets';
import { element } from '../dom';
import { drawFailure } from '../panel/failing';
import { Rows, type IRowsSource } from '../panel/rows';
import type { IEmr, IHasToolbar } from '../panel/tokens';
import { ChooseCluster } from '../panel/choosing';
import { Finding } from './finding';
import { CatalogMenu, type IDeeds } from './menu';
import { CatalogModel } from './model';
import { drawRow, lookOf } from './row';
import { isTable } from './cells';
import { canOpen, type INode, type IRow } from './tree';

const SAID = 6000; // ms that a message stays

/** The catalog section: a search, the tree, and what there is to say of the row in front. */
export class CatalogView extends Panel implements IHasToolbar {
  constructor(
    private readonly _emr: IEmr,
    private readonly _trans: TranslationBundle,
    deeds: (view: CatalogView) => IDeeds
  ) {
    super();
    this.addClass('emrnb-Catalog');
    this.model = new CatalogModel(_emr.server);
    this._finding = new Finding(this.model);
    this._deeds = deeds(this);
    this._menu = new CatalogMenu(this._deeds, _trans);
    this._rows = new Rows(this._source(), {
      role: 'tree',
      label: _trans.__('Catalog')
    });
    const refresh = new ToolbarButton({
      icon: refreshIcon,
      tooltip: _trans.__('Refresh the catalog'),
      onClick: () => this._deeds.refresh()
    });
    this.toolbarItems = [['refresh', refresh]];
    this._search.type = 'search';
    this._search.placeholder = _trans.__('Search tables and columns');
    this._search.setAttribute('aria-label', this._search.placeholder);
    this._search.addEventListener('input', () =>
      this._finding.find(this._search.value)
    );
    this._search.addEventListener('keydown', event => this._onSearchKey(event));
    this._foot.setAttribute('role', 'status');
    const top = new Widget({ node: element('div', 'emrnb-CatalogTop') });
    top.node.append(this._search);
    this._top = top;
    this._bottom = new Widget({ node: element('div', 'emrnb-CatalogBottom') });
    this._bottom.node.append(this._failed, this._foot);
    this._choose = new ChooseCluster(
      _emr,
      _trans,
      _trans.__('Catalog of which cluster?')
    );
    [this._choose, top, this._rows, this._bottom].forEach(part => this.addWidget(part));
    this._listen();
    this._onChosen();
  }

  readonly model: CatalogModel;
  readonly toolbarItems: readonly (readonly [string, Widget])[];

  override dispose(): void {
    this._emr.chosen.changed.disconnect(this._onChosen, this);
    window.clearTimeout(this._timer);
    this._menu.dispose();
    super.dispose();
  }

  /** Says something for a few seconds. */
  say(text: string): void {
    window.clearTimeout(this._timer);
    this._said = text;
    this._draw();
    this._timer = window.setTimeout(() => {
      this._said = '';
      this._draw();
    }, SAID);
  }

  /** Ends the search and moves the cursor to a node in the tree. */
  async reveal(node: INode): Promise<void> {
    this._search.value = '';
    this._finding.find('');
    const shown = await this.model.reveal(node.key);
    const row = this.model.rows.findIndex(one => one.node === shown);
    if (shown !== null && row >= 0) {
      this._rows.moveTo(row);
      this._rows.node.focus();
    }
  }

  private get _isFinding(): boolean {
    return this._finding.text !== '';
  }

  private get _shown(): readonly IRow[] {
    return this._isFinding ? this._finding.rows : this.model.rows;
  }

  private _source(): IRowsSource {
    const rows = () => this._shown;
    const look = (row: IRow | undefined) =>
      row === undefined ? '' : lookOf(row, this._isFinding);
    const draw = (row: IRow | undefined) =>
      row === undefined
        ? element('div', '')
        : drawRow(row, this._trans, this._isFinding);
    return {
      get count() {
        return rows().length;
      },
      look: index => look(rows()[index]),
      draw: index => draw(rows()[index])
    };
  }

  private _listen(): void {
    this._emr.chosen.changed.connect(this._onChosen, this);
    this.model.changed.connect(this._draw, this);
    this._finding.changed.connect(this._draw, this);
    this._rows.moved.connect(() => this._drawFailed());
    this._rows.opened.connect((_, row) => this._open(row));
    this._rows.pressed.connect((_, event) => this._onKey(event));
    const { node } = this._rows;
    node.addEventListener('click', event => this._onClick(event));
    node.addEventListener('contextmenu', event => this._onMenu(event));
    node.addEventListener('dragstart', event => this._onDrag(event));
  }

  private _onChosen(): void {
    const { cluster } = this._emr.chosen;
    this._search.value = '';
    this._finding.find('');
    this._choose.setHidden(cluster !== null);
    [this._top, this._rows, this._bottom].forEach(part =>
      part.setHidden(cluster === null)
    );
    void this.model.show(cluster);
  }

  private _open(index: number): void {
    const row = this._shown[index];
    if (row === undefined) {
      return;
    }
    if (row.kind === 'more' || row.kind === 'failed') {
      void this.model.more(row.node);
    } else if (row.kind === 'node' && this._isFinding) {
      this._deeds.reveal(row.node);
    } else if (row.kind === 'node' && canOpen(row.node)) {
      void this.model.toggle(row.node);
    }
  }

  private _onClick(event: MouseEvent): void {
    const target = event.target as HTMLElement;
    if (target.closest('.emrnb-CatalogTwisty, .emrnb-Link') !== null) {
      this._open(this._rows.cursor); // the press has moved it, and drawn the row anew
    }
  }

  private _onKey(event: KeyboardEvent): void {
    const row = this._shown[this._rows.cursor];
    if (row === undefined || row.kind !== 'node') {
      return;
    }
    const { node } = row;
    if (event.key === 'ArrowRight' && !this._isFinding) {
      if (!node.isOpen) {
        void this.model.open(node);
      } else if (node.children?.length) {
        this._rows.moveTo(this._rows.cursor + 1);
      }
    } else if (event.key === 'ArrowLeft' && !this._isFinding) {
      if (node.isOpen) {
        void this.model.fold(node);
      } else if (node.parent !== null) {
        this._rows.moveTo(this._shown.findIndex(one => one.node === node.parent));
      }
    } else if (event.key === ' ' && isTable(node)) {
      this._deeds.preview(node);
    } else if (event.key === 'c' && (event.ctrlKey || event.metaKey) && node.sql) {
      this._deeds.copy(node.sql);
    } else {
      return;
    }
    event.preventDefault();
  }

  private _onSearchKey(event: KeyboardEvent): void {
    if (event.key === 'Escape') {
      this._search.value = '';
      this._finding.find('');
    } else if (event.key === 'ArrowDown' && this._shown.length > 0) {
      this._rows.moveTo(Math.max(0, this._rows.cursor));
      this._rows.node.focus();
      event.preventDefault();
    }
    event.stopPropagation();
  }

  private _onMenu(event: MouseEvent): void {
    const pressed = this._rows.rowAt(event.target);
    const index = pressed >= 0 ? pressed : this._rows.cursor;
    const row = this._shown[index];
    event.preventDefault();
    event.stopPropagation(); // JupyterLab's own menu has nothing for us
    if (row?.kind === 'node') {
      this._rows.moveTo(index);
      const place = this._rows.node.getBoundingClientRect();
      const [x, y] = pressed >= 0 ? [event.clientX, event.clientY] : [place.x, place.y];
      this._menu.open(row.node, this._isFinding, x, y);
    }
  }

  private _onDrag(event: DragEvent): void {
    const row = this._shown[this._rows.rowAt(event.target)];
    if (row?.kind === 'node' && row.node.sql && event.dataTransfer) {
      event.dataTransfer.setData('text/plain', row.node.sql);
      event.dataTransfer.effectAllowed = 'copy';
    } else {
      event.preventDefault();
    }
  }

  private _draw(): void {
    if (this.isDisposed) {
      return;
    }
    this._rows.draw();
    this._foot.replaceChildren(...this._told());
    this._drawFailed();
  }

  private _told(): (string | HTMLElement)[] {
    const trans = this._trans;
    if (this._said) {
      return [this._said];
    }
    if (this._isFinding) {
      return this._toldFound();
    }
    if (this.model.isLoading) {
      return [trans.__('Loading…')];
    }
    if (this.model.failure === null && this.model.roots.length === 0) {
      return [trans.__('This cluster has neither Hive, Spark, Trino nor Presto.')];
    }
    const { askedAt } = this.model;
    return askedAt
      ? [trans.__('As of %1', new Date(askedAt).toLocaleTimeString())]
      : [];
  }

  private _toldFound(): (string | HTMLElement)[] {
    const trans = this._trans;
    const count = this._finding.rows.length;
    const parts = [count ? trans._n('%1 found', '%1 found', count) : ''];
    const [looked, all] = this._finding.looked;
    if (this._finding.isAsking) {
      parts.push(trans.__('searching…'));
    } else if (!count) {
      parts.push(trans.__('Nothing found'));
    }
    const said: (string | HTMLElement)[] = [parts.filter(Boolean).join(' · ')];
    if (!this._finding.isAsking && looked < all) {
      const text = trans.__('%1 of %2 databases searched: go on', looked, all);
      const more = element('button', 'emrnb-Link', text);
      more.type = 'button';
      more.addEventListener('click', () => void this._finding.goOn());
      said.push(' · ', more);
    }
    return said;
  }

  /** Draws in full what failed: the list itself, or what is below the cursor's row. */
  private _drawFailed(): void {
    const row = this._shown[this._rows.cursor] ?? null;
    const failing = row !== null && row.node.failure !== null ? row.node : null;
    const again = this._trans.__('Try again');
    this._failed.replaceChildren();
    if (this.model.failure !== null) {
      const anew = () => void this.model.show(this.model.cluster);
      this._failed.append(drawFailure(this.model.failure, [again, anew]));
    } else if (this._isFinding && this._finding.failures.length > 0) {
      this._failed.append(
        ...this._finding.failures.slice(0, 2).map(one => drawFailure(one))
      );
    } else if (failing !== null && failing.source.failure !== null) {
      this._failed.append(drawFailure(failing.failure));
    } else if (failing !== null) {
      const anew = () => void this.model.more(failing);
      this._failed.append(drawFailure(failing.failure, [again, anew]));
    }
    this._failed.hidden = this._failed.childElementCount === 0;
  }

  private readonly _finding: Finding;
  private readonly _deeds: IDeeds;
  private readonly _menu: CatalogMenu;
  private readonly _rows: Rows;
  private readonly _choose: ChooseCluster;
  private readonly _top: Widget;
  private readonly _bottom: Widget;
  private readonly _search = element('input', 'emrnb-Filter');
  private readonly _foot = element('div', 'emrnb-CatalogFoot');
  private readonly _failed = element('div', 'emrnb-CatalogFailed');
  private _said = '';
  private _timer = 0;
}
