import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import type {
  IClusterList,
  IJobView,
  IListingView,
  ILocalList,
  IOperations,
  IRunView,
  IStatementView
} from './schema';

/** The name of a route, as `GET /clusters`. */
export type Operation = keyof IOperations;

/** The routes of the server part. */
export interface IServer {
  /**
   * Asks a route.
   *
   * Throws ServerFailure; of an aborted call, the signal's reason.
   */
  call<K extends Operation>(
    operation: K,
    asked: IOperations[K]['takes'],
    signal?: AbortSignal
  ): Promise<IOperations[K]['gives']>;

  /** Returns the URL of a route that GETs, for a download by the browser itself. */
  url<K extends Operation>(operation: K, asked: IOperations[K]['takes']): string;

  /** Uploads bytes, telling how many went; throws ServerFailure. */
  upload(
    asked: IOperations['PUT /clusters/{cluster}/files/content']['takes'],
    body: Blob,
    told: (bytes: number) => void,
    signal?: AbortSignal
  ): Promise<IOperations['PUT /clusters/{cluster}/files/content']['gives']>;
}

/** What can be watched, and what is told of it. */
export interface ITopics {
  clusters: IClusterList;
  local: ILocalList;
  jobs: IJobView;
  listings: IListingView;
  statements: IStatementView;
  runs: IRunView;
}

export type Topic = keyof ITopics;

/** Live state: the newest of what is watched, as it changes. */
export interface ILive {
  /** Whether the server is heard now; what is shown is old where it is not. */
  readonly isConnected: boolean;
  readonly connectedChanged: ISignal<ILive, boolean>;

  /** Tells what there is, then each change, until disposed. */
  watch<K extends Topic>(topic: K, listener: (body: ITopics[K]) => void): IDisposable;
}

/**
 * How the server part does: `missing` has to be installed or enabled, `older` lacks what this
 * page needs, `unreachable` gave no answer.
 */
export type Health = 'unknown' | 'ok' | 'missing' | 'older' | 'unreachable';

/** Whether the server part is there. */
export interface IHealth {
  readonly state: Health;
  /** The server part's version; empty while it is not known. */
  readonly version: string;
  readonly changed: ISignal<IHealth, Health>;
  /** Asks; never throws. */
  check(): Promise<Health>;
}
