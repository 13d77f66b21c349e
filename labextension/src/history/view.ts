import { ToolbarButton, clearIcon, refreshIcon } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import { Panel, Widget } from '@lumino/widgets';
import type { IStatementView } from '../api/schema';
import { element, copyText, oneLine } from '../dom';
import type { InsertCode } from '../notebooks/insert';
import { own } from '../own';
import { drawFailure } from '../panel/failing';
import { Rows, type IRowsSource } from '../panel/rows';
import type { HistoryModel } from './model';
import { cellOf, factsOf, markdownOf } from './texts';

const ENGINES = ['spark', 'hive', 'presto', 'trino'];
const STATES = ['running', 'done', 'failed', 'cancelled', 'unknown'];
const TONES = { done: 'good', failed: 'bad', running: 'busy' };
const SEARCH_REST = 250; // ms without a key until the search begins
const NEAR_END = 20; // rows from the end at which the next page is asked for

/** What the history lets the page do. */
export interface IHistoryDeeds {
  insert: InsertCode;
  confirmClear(): Promise<boolean>;
  failed(title: string, error: unknown): void;
  /** The path of the notebook in front; empty where there is none. */
  front(): string;
}

/** Every statement that was run from here: search, text, and what can be done with it. */
export class HistoryView extends Panel {
  constructor(
    private readonly _model: HistoryModel,
    private readonly _deeds: IHistoryDeeds,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.addClass('emrnb-History');
    const top = new Widget({ node: element('div', 'emrnb-HistoryTop') });
    top.node.append(...this._filters());
    this._rows = new Rows(this._source(), {
      role: 'listbox',
      label: _trans.__('Statements'),
      rowHeight: 40
    });
    this._below = new Widget({ node: element('div', 'emrnb-HistoryBelow') });
    [top, this._rows, this._below].forEach(part => this.addWidget(part));
    this._rows.moved.connect(() => void this._open());
    this._rows.opened.connect(() => void this._insert());
    const tool = (
      name: string,
      icon: typeof refreshIcon,
      tooltip: string,
      act: () => void
    ) => [name, new ToolbarButton({ icon, tooltip, onClick: act })] as const;
    this.toolbarItems = [
      tool('refresh', refreshIcon, _trans.__('Refresh the history'), () => {
        void _model.refresh();
      }),
      tool(
        'clear',
        clearIcon,
        _trans.__('Clear the history…'),
        () => void this._clear()
      )
    ];
    _model.changed.connect(this._draw, this);
  }

  readonly toolbarItems: readonly (readonly [string, Widget])[];

  override dispose(): void {
    this._model.unwatch();
    this._model.changed.disconnect(this._draw, this);
    super.dispose();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._look();
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._look();
  }

  protected override onBeforeHide(message: Message): void {
    this._model.unwatch();
    super.onBeforeHide(message);
  }

  private _look(): void {
    if (this.isVisible) {
      this._model.watch();
    }
  }

  private _source(): IRowsSource {
    const model = this._model;
    return {
      get count() {
        return model.statements.length;
      },
      look: index => {
        const one = model.statements[index];
        return one
          ? [one.tag, one.state, one.rows, Math.round(one.seconds)].join()
          : '';
      },
      draw: index => this._row(index),
      want: (_first, stop) => {
        if (stop > model.statements.length - NEAR_END) {
          void model.more();
        }
      }
    };
  }

  private _filters(): HTMLElement[] {
    const trans = this._trans;
    const search = element('input', 'emrnb-Search');
    search.type = 'search';
    search.placeholder = trans.__('Search statements');
    search.setAttribute('aria-label', search.placeholder);
    search.addEventListener('input', () => {
      window.clearTimeout(this._rest);
      const ask = () => this._narrow({ search: search.value });
      this._rest = window.setTimeout(ask, SEARCH_REST);
    });
    const select = (
      label: string,
      words: readonly string[],
      key: 'engine' | 'state'
    ) => {
      const made = element('select', 'emrnb-Select');
      made.setAttribute('aria-label', label);
      for (const word of ['', ...words]) {
        const option = element('option', '', word || label);
        option.value = word;
        made.append(option);
      }
      made.addEventListener('change', () => this._narrow({ [key]: made.value }));
      return made;
    };
    const mine = element('label', 'emrnb-HistoryMine');
    const box = element('input', '');
    box.type = 'checkbox';
    box.addEventListener('change', () => {
      this._narrow({ notebook: box.checked ? this._deeds.front() : '' });
    });
    mine.append(box, trans.__('this notebook'));
    const line = element('div', 'emrnb-HistoryLine');
    line.append(
      select(trans.__('Any engine'), ENGINES, 'engine'),
      select(trans.__('Any state'), STATES, 'state'),
      mine
    );
    return [search, line];
  }

  private _narrow(change: Partial<HistoryModel['wanted']>): void {
    this._rows.moveTo(-1);
    this._model.wanted = { ...this._model.wanted, ...change };
  }

  private _row(index: number): HTMLElement {
    const node = element('div', 'emrnb-HistoryRow');
    const one = this._model.statements[index];
    if (one) {
      const tone = own(TONES, one.state) ?? 'off';
      const text = element('span', 'emrnb-EntryText');
      text.append(
        element('span', 'emrnb-StatementText', oneLine(one.text || one.line)),
        element('span', 'emrnb-EntrySub', factsOf(one, this._trans).join(' · '))
      );
      node.append(element('span', `emrnb-Dot emrnb-mod-${tone}`), text);
    }
    return node;
  }

  private _draw(): void {
    this._rows.draw();
    const trans = this._trans;
    const made: HTMLElement[] = [];
    if (this._model.error !== null) {
      made.push(
        drawFailure(this._model.error, [
          trans.__('Try again'),
          () => void this._model.refresh()
        ])
      );
    } else if (this._model.isKnown && this._model.statements.length === 0) {
      made.push(element('div', 'emrnb-Empty', trans.__('No statement matches.')));
    }
    if (made.length > 0 || this._shown === null) {
      this._below.node.replaceChildren(...made);
    }
  }

  /** Shows a statement's whole text below the list, with what can be done. */
  private async _open(): Promise<void> {
    const one = this._model.statements[this._rows.cursor] ?? null;
    this._shown = one;
    if (one === null) {
      this._below.node.replaceChildren();
      return;
    }
    try {
      const whole = await this._model.whole(one);
      if (this._shown === one) {
        this._below.node.replaceChildren(...this._detail(whole));
      }
    } catch (error) {
      this._below.node.replaceChildren(drawFailure(error));
    }
  }

  private _detail(one: IStatementView): HTMLElement[] {
    const trans = this._trans;
    const add = (label: string, act: () => void) => {
      const button = element('button', 'emrnb-Action', label);
      button.type = 'button';
      button.addEventListener('click', act);
      return button;
    };
    const deeds = element('div', 'emrnb-HistoryDeeds');
    deeds.append(
      add(trans.__('Insert'), () => void this._insert()),
      add(trans.__('Copy as Markdown'), () => {
        void copyText(markdownOf(one, trans)).catch(error =>
          this._deeds.failed(trans.__('Not copied'), error)
        );
      })
    );
    const text = element('pre', 'emrnb-HistoryText', one.text || one.line);
    text.tabIndex = 0;
    const made: HTMLElement[] = [deeds, text];
    if (one.error) {
      made.push(element('div', 'emrnb-Failure', one.error));
    }
    return made;
  }

  private async _insert(): Promise<void> {
    const one = this._model.statements[this._rows.cursor];
    if (!one) {
      return;
    }
    const trans = this._trans;
    try {
      if (!this._deeds.insert(cellOf(await this._model.whole(one)))) {
        throw new Error(trans.__('Open a notebook to insert it.'));
      }
    } catch (error) {
      this._deeds.failed(trans.__('Not inserted'), error);
    }
  }

  private async _clear(): Promise<void> {
    if (await this._deeds.confirmClear()) {
      try {
        await this._model.clear(null);
        this._rows.moveTo(-1);
      } catch (error) {
        this._deeds.failed(this._trans.__('Not cleared'), error);
      }
    }
  }

  private readonly _rows: Rows;
  private readonly _below: Widget;
  private _shown: IStatementView | null = null;
  private _rest = 0;
}
