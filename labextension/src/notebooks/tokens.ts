import type { NotebookPanel } from '@jupyterlab/notebook';
import { Token } from '@lumino/coreutils';
import type { ISignal } from '@lumino/signaling';
import type { Widget } from '@lumino/widgets';

/** A session that a kernel has open. */
export interface ISessionStanding {
  readonly engine: string;
  /** The engine's name for the reader. */
  readonly title: string;
  readonly name: string;
  readonly state: string;
  /** The address of its UI; empty where none is known. */
  readonly ui: string;
  /** Until when it is kept alive, in epoch seconds; null where nobody keeps it. */
  readonly until: number | null;
}

/** A cluster that a kernel has attached. */
export interface IAttached {
  readonly id: string;
  readonly name: string;
  readonly current: boolean;
  readonly spark: boolean;
  readonly sessions: readonly ISessionStanding[];
}

/** What is known of a notebook. */
export interface IStanding {
  /** `silent`: its kernel has not loaded the extension, or there is no kernel. */
  readonly state: 'silent' | 'told';
  readonly attached: readonly IAttached[];
  /** The cluster that cells run on. */
  readonly current: IAttached | null;
}

/** The notebooks of this page and what they are attached to. */
export interface INotebooks {
  /** The notebook in front. */
  readonly front: NotebookPanel | null;
  /** Returns the notebook that a widget is; null for any other. */
  find(widget: Widget): NotebookPanel | null;
  /** Another notebook came to the front, or the standing of one changed. */
  readonly changed: ISignal<INotebooks, NotebookPanel | null>;
  standing(panel: NotebookPanel): IStanding;
  /** Whether a notebook has a cell that attaches it, or was attached without one. */
  canReattach(panel: NotebookPanel): boolean;
  /**
   * Attaches a notebook by its one attach cell, which is written or rewritten, and run.
   *
   * `reference` is what `%emr attach` takes; without one the cell is run as it is. Where the
   * settings say so, the kernel alone attaches and no cell is written. Throws an Error that says
   * why it cannot; what a cell's run says is in the cell.
   */
  attach(panel: NotebookPanel, reference?: string): Promise<void>;
  /** Begins a new notebook: loads the extension, and attaches unless `reference` is empty. */
  begin(panel: NotebookPanel, reference: string): Promise<void>;
  /** Runs a line in a notebook's kernel, in a cell of its own at the end. */
  run(panel: NotebookPanel, code: string): Promise<void>;
}

export const INotebooks = new Token<INotebooks>(
  'emr-nb:INotebooks',
  'The notebooks of this page, and the clusters they are attached to.'
);
