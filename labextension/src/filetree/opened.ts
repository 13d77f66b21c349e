import type { IStateDB } from '@jupyterlab/statedb';

const KEY = 'emr-nb:opened-folders';

/** Folders that are kept of a cluster, and clusters of which any are. */
const MOST_FOLDERS = 50;
const MOST_CLUSTERS = 10;

type Kept = Readonly<Record<string, readonly string[]>>;

/** Which folders of each cluster's tree are open, kept over reloads of the page. */
export class OpenedFolders {
  constructor(private readonly _state: IStateDB | null) {}

  /** Returns the paths that were open, those above others first. */
  async of(cluster: string): Promise<readonly string[]> {
    const kept = (await this._read())[cluster] ?? [];
    return [...kept].sort((one, other) => one.length - other.length);
  }

  /** Keeps which paths are open now; those above others are the ones to keep first. */
  async keep(cluster: string, paths: readonly string[]): Promise<void> {
    const others = Object.entries(await this._read()).filter(
      ([name]) => name !== cluster
    );
    const newest = others.slice(1 - MOST_CLUSTERS);
    const kept = [...paths].sort((one, other) => one.length - other.length);
    await this._state?.save(KEY, {
      ...Object.fromEntries(newest.map(([name, old]) => [name, [...old]])),
      [cluster]: kept.slice(0, MOST_FOLDERS)
    });
  }

  private async _read(): Promise<Kept> {
    try {
      return ((await this._state?.fetch(KEY)) ?? {}) as Kept;
    } catch {
      return {}; // what cannot be read is begun anew
    }
  }
}
