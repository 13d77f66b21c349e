import type { IEntryId } from '../api/schema';

/** One entry of a folder, as a window of its listing gives it. */
export interface IEntry {
  /** The name as it is shown: what would mislead is written out. */
  readonly name: string;
  /** Null where the name is no text, so that only its number names it. */
  readonly path: string | null;
  readonly kind: string;
  readonly size: string;
  readonly modified: string;
  readonly listing: string;
  readonly entry: number;
}

/** Returns how a route is told which entry is meant. */
export function idOf(cluster: string, entry: IEntry): IEntryId {
  return entry.path !== null
    ? { cluster, path: entry.path }
    : { cluster, listing: entry.listing, entry: entry.entry };
}

/** Returns what tells an entry from its neighbours, over listings as far as can be. */
export function keyOf(entry: IEntry): string {
  return entry.path ?? `${entry.listing}#${entry.entry}`;
}

export function isFolder(entry: IEntry | undefined): boolean {
  return entry?.kind === 'directory';
}

/** Which cells "insert as code" writes. */
export type CodeKind = 'spark' | 'hive' | 'pandas';
