import { Token } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import type { Widget } from '@lumino/widgets';
import type { IHealth, ILive, IServer } from '../api/tokens';

/** The server part and what of it all panels share. */
export interface IEmr {
  readonly server: IServer;
  readonly live: ILive;
  readonly health: IHealth;
  readonly chosen: IChosen;
}

export const IEmr = new Token<IEmr>(
  'emr-nb:IEmr',
  'The server part of emr_nb: its routes, its live state and the chosen cluster.'
);

/** A cluster by its id; `name` is for the reader. */
export interface ICluster {
  readonly id: string;
  readonly name: string;
}

/** The cluster whose sessions, files and catalog the panel shows. */
export interface IChosen {
  readonly cluster: ICluster | null;
  readonly changed: ISignal<IChosen, ICluster | null>;
  choose(cluster: ICluster | null): void;
}

/** A section of the panel; its code loads when it is seen for the first time. */
export interface ISection {
  /** Its name in layouts and settings. */
  readonly id: string;
  readonly title: string;
  /** Sections stand in the order of their ranks. */
  readonly rank: number;
  /** Whether it is folded until somebody unfolds it. */
  readonly isFolded?: boolean;
  load(): Promise<Widget & IHasToolbar>;
}

/** What a section's head shows beside its title. */
export interface IHasToolbar {
  readonly toolbarItems?: readonly (readonly [string, Widget])[];
}

/** The panel in the left bar. */
export interface IPanel {
  addSection(section: ISection): IDisposable;
  /** Shows the panel with a section unfolded. */
  reveal(section?: string): void;
}

export const IPanel = new Token<IPanel>(
  'emr-nb:IPanel',
  'The EMR panel in the left bar, to which sections are added.'
);
