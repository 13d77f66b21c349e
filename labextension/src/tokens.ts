import type { ISignal } from '@lumino/signaling';

/** The MIME type of a result table in a notebook's outputs. */
export const MIME_TYPE = 'application/vnd.emr-nb.table.v1+json';

/** The comm target that the kernel answers on. */
export const COMM_TARGET = 'emr_nb.table';

/** What a column holds, as far as drawing it cares. */
export type Kind =
  'number' | 'text' | 'boolean' | 'time' | 'binary' | 'nested' | 'null';

/** One column; its identity is its index, since names may be empty or twice there. */
export interface IColumn {
  /** The engine's name. */
  name: string;
  /** The engine's type, as its users write it. */
  type: string;
  kind: Kind;
}

/** A row: text as the kernel formatted it; null is SQL's NULL. */
export type Row = readonly (string | null)[];

/** What a notebook file keeps of a result. */
export interface IPayload {
  /** The kernel's name for the result; empty if it keeps none. */
  result: string;
  columns: readonly IColumn[];
  /** The first rows, the only ones that a reopened notebook has. */
  rows: readonly Row[];
  /** Rows that the kernel holds and can page through. */
  held: number;
  /** Rows of the whole result; null where nobody counted them. */
  total: number | null;
  truncated: boolean;
  notices: readonly string[];
}

/** An order by one column. */
export interface ISort {
  column: number;
  descending: boolean;
}

/** Asks the kernel for rows. */
export interface IPageRequest {
  type: 'rows';
  seq: number;
  start: number;
  count: number;
  sort?: ISort;
  /** All must hold; column −1 is any column. */
  filter?: { column: number; op: 'contains'; value: string }[];
}

/** What the kernel says. */
export type KernelMessage =
  | { type: 'ready'; held: number }
  | { type: 'gone' }
  | { type: 'rows'; seq: number; rows: Row[]; total: number }
  | { type: 'error'; seq: number | null; message: string };

/** A way to the kernel which answers; the comm in Lab, anything in a test. */
export interface IChannel<M, Q> {
  readonly message: ISignal<IChannel<M, Q>, M>;
  /** Emitted once when nothing will be answered any more. */
  readonly closed: ISignal<IChannel<M, Q>, void>;
  send(request: Q): void;
  dispose(): void;
}

/** A way to the kernel which keeps a result. */
export type IRowSource = IChannel<KernelMessage, IPageRequest>;

/** Where the rows come from: the file, a kernel being asked, or a kernel that answered. */
export type State = 'saved' | 'connecting' | 'live';

/** What a grid draws: rows of which those come that somebody looks at. */
export interface IGridModel {
  readonly columns: readonly IColumn[];
  /** Rows at most, whatever the filter; the column of row numbers is as wide as that needs. */
  readonly held: number;
  readonly rowCount: number;
  readonly state: State;
  readonly sort: ISort | null;
  /** Whether rows of another order or filter are still drawn. */
  readonly isStale: boolean;
  /** Returns a row, or undefined while it is on its way. */
  row(index: number): readonly (string | null | undefined)[] | undefined;
  /** Says which rows are looked at, so that missing ones are asked for. */
  want(start: number, stop: number): void;
  setSort(sort: ISort | null): void;
  /** Returns rows start … stop − 1, asking for what is not here. */
  fetch(start: number, stop: number): Promise<Row[]>;
}
