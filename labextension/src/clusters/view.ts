import { ToolbarButton, refreshIcon } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import { element } from '../dom';
import type { INotebooks } from '../notebooks/tokens';
import { drawFailure } from '../panel/failing';
import type { ClustersModel, IClusterRow } from './model';
import { drawRow, type IRowActions } from './row';
import { duration, subline, tone } from './words';

/** What the user is asked and told by dialogs, which the tests of a view do without. */
export interface IAsks {
  confirmStop(name: string): Promise<boolean>;
  failed(title: string, error: unknown): void;
}

/** The list of clusters; live while it is seen. */
export class ClustersView extends Widget {
  constructor(
    private readonly _model: ClustersModel,
    private readonly _notebooks: INotebooks | null,
    private readonly _asks: IAsks,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.addClass('emrnb-Clusters');
    this._search.type = 'search';
    this._search.placeholder = _trans.__('Search clusters');
    this._search.setAttribute('aria-label', _trans.__('Search clusters'));
    this._search.addEventListener('input', () => {
      _model.search = this._search.value;
    });
    this._list.setAttribute('aria-label', _trans.__('Clusters'));
    this.node.append(this._search, this._list, this._rest);
    this.toolbarItems = [
      [
        'refresh',
        new ToolbarButton({
          icon: refreshIcon,
          tooltip: _trans.__('Ask for the clusters anew'),
          onClick: () => void _model.refresh()
        })
      ]
    ];
    _model.changed.connect(this._draw, this);
    _model.emr.chosen.changed.connect(this._draw, this);
    _notebooks?.changed.connect(this._draw, this);
  }

  readonly toolbarItems: readonly (readonly [string, Widget])[];

  override dispose(): void {
    this._model.unwatch();
    this._model.changed.disconnect(this._draw, this);
    this._model.emr.chosen.changed.disconnect(this._draw, this);
    this._notebooks?.changed.disconnect(this._draw, this);
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
      this._draw();
    }
  }

  private _draw(): void {
    if (!this.isVisible) {
      return;
    }
    const focused = document.activeElement;
    const key = focused?.closest<HTMLElement>('.emrnb-Cluster')?.dataset.key;
    const isAction = focused?.classList.contains('emrnb-Action') ?? false;
    const { chosen } = this._model.emr;
    const front = this._notebooks?.front ?? null;
    const attached = front ? (this._notebooks?.standing(front).attached ?? []) : [];
    const rows = this._model.rows.map(row =>
      drawRow(
        row,
        {
          isChosen: row.key === chosen.cluster?.id,
          isAttached: attached.some(one => one.id === row.key && one.current),
          canAttach: front !== null
        },
        this._actions,
        this._trans
      )
    );
    this._list.replaceChildren(...rows);
    this._rest.replaceChildren(...this._notes(), this._ended());
    if (key !== undefined) {
      const row = rows.find(one => one.dataset.key === key);
      row?.querySelector<HTMLElement>(isAction ? '.emrnb-Action' : 'button')?.focus();
    }
  }

  /** What keeps a source from telling, and what there is when nothing is. */
  private _notes(): HTMLElement[] {
    const trans = this._trans;
    const made: HTMLElement[] = [];
    const again: [string, () => void] = [
      trans.__('Try again'),
      () => void this._model.refresh()
    ];
    if (this._model.error !== null) {
      made.push(drawFailure(this._model.error, again));
    }
    for (const provider of this._model.providers) {
      if (provider.failure) {
        const { what, where, advice } = provider.failure;
        const note = element('div', 'emrnb-Failure emrnb-mod-source');
        note.append(element('div', 'emrnb-FailureWhat', what));
        [where, advice]
          .filter(Boolean)
          .forEach(text => note.append(element('div', 'emrnb-FailureWhere', text)));
        const retry = element('button', 'emrnb-Link', again[0]);
        retry.type = 'button';
        retry.addEventListener('click', again[1]);
        note.append(retry);
        made.push(note);
      } else if (provider.name === 'aws') {
        const age = this._model.age(provider);
        const text =
          age === null ? '' : trans.__('AWS asked %1 ago', duration(age, trans));
        made.push(element('div', 'emrnb-Age', text));
      }
    }
    if (!this._model.isKnown && this._model.error === null) {
      made.push(element('div', 'emrnb-Empty', trans.__('Asking for the clusters…')));
    } else if (this._model.rows.length === 0 && this._model.search) {
      made.push(element('div', 'emrnb-Empty', trans.__('No cluster matches.')));
    }
    return made;
  }

  private _ended(): HTMLElement {
    const trans = this._trans;
    const fold = element('details', 'emrnb-Ended');
    fold.open = this._isEndedOpen;
    fold.append(element('summary', '', trans.__('Ended in the last 7 days')));
    fold.addEventListener('toggle', () => {
      if (fold.open !== this._isEndedOpen) {
        this._isEndedOpen = fold.open;
        if (fold.open) {
          void this._model.loadEnded();
        }
      }
    });
    const ended = this._model.ended;
    if (ended !== null && ended.length === 0) {
      fold.append(element('div', 'emrnb-Empty', trans.__('None.')));
    }
    for (const cluster of ended ?? []) {
      const line = element('div', 'emrnb-EndedLine');
      line.title = [cluster.id, cluster.state_reason].filter(Boolean).join('\n');
      line.append(
        element('span', `emrnb-Dot emrnb-mod-${tone(cluster.state)}`),
        element('span', 'emrnb-ClusterName', cluster.name),
        element('span', 'emrnb-ClusterSub', subline(cluster, null, trans))
      );
      fold.append(line);
    }
    return fold;
  }

  private readonly _actions: IRowActions = {
    choose: row => {
      const { chosen } = this._model.emr;
      if (row.cluster !== null) {
        const { id, name } = row.cluster;
        chosen.choose(chosen.cluster?.id === id ? null : { id, name });
      }
    },
    attach: row => void this._attach(row),
    start: row => void this._model.startLocal(row.name),
    stop: row => void this._stop(row)
  };

  private async _attach(row: IClusterRow): Promise<void> {
    const front = this._notebooks?.front;
    if (!front || !this._notebooks) {
      return;
    }
    try {
      await this._notebooks.attach(front, this._model.reference(row));
    } catch (error) {
      this._asks.failed(this._trans.__('Not attached'), error);
    }
  }

  private async _stop(row: IClusterRow): Promise<void> {
    if (await this._asks.confirmStop(row.name)) {
      await this._model.stopLocal(row.name);
    }
  }

  private readonly _search = element('input', 'emrnb-Search');
  private readonly _list = element('ul', 'emrnb-ClusterList');
  private readonly _rest = element('div', 'emrnb-ClustersRest');
  private _isEndedOpen = false;
}
