import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';
import type { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import type { IClusterList } from '../api/schema';
import { element } from '../dom';
import type { IEmr } from './tokens';

/** Lets a cluster be chosen where none is. */
export class ChooseCluster extends Widget {
  constructor(
    private readonly _emr: IEmr,
    private readonly _trans: TranslationBundle,
    label: string
  ) {
    super();
    this.addClass('emrnb-ChooseCluster');
    const asks = element('label', 'emrnb-Empty', label);
    asks.append(this._select);
    this._select.addEventListener('change', () => this._onChange());
    this.node.append(asks, this._none);
  }

  override dispose(): void {
    this._watch?.dispose();
    super.dispose();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._follow();
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._follow();
  }

  protected override onBeforeHide(message: Message): void {
    this._rest();
    super.onBeforeHide(message);
  }

  protected override onBeforeDetach(message: Message): void {
    this._rest();
    super.onBeforeDetach(message);
  }

  private _follow(): void {
    if (this.isVisible) {
      this._watch ??= this._emr.live.watch('clusters', list => this._draw(list));
    }
  }

  private _rest(): void {
    this._watch?.dispose();
    this._watch = null;
  }

  private _draw(list: IClusterList): void {
    const ready = list.clusters.filter(cluster => cluster.ready);
    const look = JSON.stringify(ready.map(({ id, name }) => [id, name]));
    if (look === this._look) {
      return; // it may be open now
    }
    this._look = look;
    this._names = new Map(ready.map(cluster => [cluster.id, cluster.name]));
    const options = ready.map(({ id, name }) => {
      const option = element('option', '', name === id ? id : `${name} (${id})`);
      option.value = id;
      return option;
    });
    const first = element('option', '', this._trans.__('Choose…'));
    first.value = '';
    this._select.replaceChildren(first, ...options);
    this._select.disabled = ready.length === 0;
    this._none.textContent =
      ready.length === 0 ? this._trans.__('No cluster is ready now.') : '';
  }

  private _onChange(): void {
    const id = this._select.value;
    const name = this._names.get(id);
    if (name !== undefined) {
      this._emr.chosen.choose({ id, name });
    }
  }

  private readonly _select = element('select', 'emrnb-Select');
  private readonly _none = element('div', 'emrnb-Empty');
  private _look = '';
  private _names = new Map<string, string>();
  private _watch: IDisposable | null = null;
}
