import { Signal, type ISignal } from '@lumino/signaling';
import type { IChosen, ICluster } from './tokens';

/** Keeps which cluster the panel shows. */
export class Chosen implements IChosen {
  get cluster(): ICluster | null {
    return this._cluster;
  }

  get changed(): ISignal<IChosen, ICluster | null> {
    return this._changed;
  }

  choose(cluster: ICluster | null): void {
    const before = this._cluster;
    if (before?.id !== cluster?.id || before?.name !== cluster?.name) {
      this._cluster = cluster;
      this._changed.emit(cluster);
    }
  }

  private readonly _changed = new Signal<IChosen, ICluster | null>(this);
  private _cluster: ICluster | null = null;
}
