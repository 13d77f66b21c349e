import { Signal, type ISignal } from '@lumino/signaling';
import type { IDisposable } from '@lumino/disposable';
import type { IClusterView, IJobView, ILocalView, IProviderView } from '../api/schema';
import { localReference, referenceTo } from '../notebooks/reference';
import type { IEmr } from '../panel/tokens';

/** A cluster as the list shows it; a local one that does not run has no cluster yet. */
export interface IClusterRow {
  /** Its id; of a local cluster that does not run, its name. */
  readonly key: string;
  readonly name: string;
  readonly cluster: IClusterView | null;
  readonly local: ILocalView | null;
  readonly job: IJobView | null;
}

/** The clusters of this user, live while somebody looks. */
export class ClustersModel {
  constructor(readonly emr: IEmr) {}

  get changed(): ISignal<ClustersModel, void> {
    return this._changed;
  }

  /** How the sources of clusters do; empty until the first answer. */
  get providers(): readonly IProviderView[] {
    return this._providers;
  }

  /** Seconds since the list of a source was asked for, as far as this page knows. */
  age(provider: IProviderView): number | null {
    return provider.age === null
      ? null
      : provider.age + (Date.now() - this._heard) / 1000;
  }

  get isKnown(): boolean {
    return this._heard > 0;
  }

  get error(): unknown {
    return this._error;
  }

  /** The rows that the search leaves, local clusters first. */
  get rows(): readonly IClusterRow[] {
    const rows: IClusterRow[] = this._locals.map(local => ({
      key: local.id || local.name,
      name: local.name,
      cluster: this._clusters.find(c => c.id === local.id && local.id !== '') ?? null,
      local,
      job: this._jobs.get(local.job) ?? null
    }));
    const seen = new Set(rows.map(row => row.cluster?.id));
    for (const cluster of this._clusters) {
      if (!seen.has(cluster.id) && !cluster.local) {
        const { id, name } = cluster;
        rows.push({ key: id, name, cluster, local: null, job: null });
      }
    }
    return rows.filter(row => this._fits(row));
  }

  /** Clusters that ended in the last seven days; null until somebody asked. */
  get ended(): readonly IClusterView[] | null {
    return this._ended;
  }

  /** Why those are not known. */
  get endedError(): unknown {
    return this._endedError;
  }

  get search(): string {
    return this._search;
  }

  set search(text: string) {
    this._search = text;
    this._changed.emit();
  }

  /** Watches, while somebody looks. */
  watch(): void {
    if (this._watches.length > 0) {
      return;
    }
    const { live } = this.emr;
    this._watches = [
      live.watch('clusters', told => {
        this._clusters = told.clusters;
        this._providers = told.providers;
        this._heard = Date.now();
        this._error = null;
        this._changed.emit();
      }),
      live.watch('local', told => {
        this._locals = told.clusters;
        this._changed.emit();
      }),
      live.watch('jobs', job => {
        this._jobs.set(job.job, job);
        this._changed.emit();
      })
    ];
    void this._try(async () => {
      this._take(await this.emr.server.call('GET /clusters', {}));
      this._locals = (await this.emr.server.call('GET /local', {})).clusters;
    });
  }

  unwatch(): void {
    this._watches.forEach(watch => watch.dispose());
    this._watches = [];
  }

  /** Asks the sources anew, as far as their limits allow. */
  refresh(): Promise<void> {
    return this._try(async () => {
      this._take(await this.emr.server.call('POST /clusters/refresh', {}));
    });
  }

  async loadEnded(): Promise<void> {
    try {
      const told = await this.emr.server.call('GET /clusters', { ended: true });
      this._ended = told.clusters.filter(cluster => !cluster.live);
      this._endedError = null;
    } catch (error) {
      this._endedError = error;
    }
    this._changed.emit();
  }

  startLocal(name: string): Promise<void> {
    return this._job(this.emr.server.call('POST /local/{name}/start', { name }));
  }

  stopLocal(name: string): Promise<void> {
    return this._job(this.emr.server.call('POST /local/{name}/stop', { name }));
  }

  /** Returns what `%emr attach` takes for a cluster: its name where no other has it, else its id. */
  reference(row: IClusterRow): string {
    if (row.local !== null) {
      return localReference(row.local.name);
    }
    return row.cluster === null ? row.key : referenceTo(row.cluster, this._clusters);
  }

  private _fits(row: IClusterRow): boolean {
    const facts = row.cluster?.facts;
    const text = [
      row.name,
      row.key,
      row.cluster?.state,
      facts?.release,
      ...(facts?.applications ?? []),
      ...Object.entries(facts?.tags ?? {}).flat()
    ];
    const told = text.join(' ').toLowerCase();
    return this._search
      .toLowerCase()
      .split(/\s+/)
      .every(word => told.includes(word));
  }

  private _take(told: { clusters: IClusterView[]; providers: IProviderView[] }): void {
    this._clusters = told.clusters;
    this._providers = told.providers;
    this._heard = Date.now();
  }

  private async _job(asked: Promise<IJobView>): Promise<void> {
    return this._try(async () => {
      const job = await asked;
      this._jobs.set(job.job, job);
    });
  }

  private async _try(work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this._error = null;
    } catch (error) {
      this._error = error;
    }
    this._changed.emit();
  }

  private readonly _changed = new Signal<ClustersModel, void>(this);
  private readonly _jobs = new Map<string, IJobView>();
  private _watches: IDisposable[] = [];
  private _clusters: readonly IClusterView[] = [];
  private _locals: readonly ILocalView[] = [];
  private _providers: readonly IProviderView[] = [];
  private _ended: readonly IClusterView[] | null = null;
  private _endedError: unknown = null;
  private _search = '';
  private _heard = 0;
  private _error: unknown = null;
}
