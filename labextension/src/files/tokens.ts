import type { IChannel, IColumn } from '../tokens';

/** The MIME type of a file browser in a notebook's outputs. */
export const MIME_TYPE = 'application/vnd.emr-nb.files.v1+json';

/** The comm target that the kernel answers on. */
export const COMM_TARGET = 'emr_nb.files';

/** What a notebook file keeps of a browser: where it began, and no data. */
export interface IPayload {
  browser: string;
  cluster: string;
  path: string;
}

export type EntryKind = 'file' | 'directory' | 'symlink';

export interface IFileColumn extends IColumn {
  key: string;
  /** Whether it comes by a question of its own, for the rows that are seen. */
  late: boolean;
}

/** A folder being shown; `listing` numbers it among those of this view. */
export interface IFolder {
  listing: number;
  path: string;
  parts: readonly string[];
  columns: readonly IFileColumn[];
}

/** How much of a folder has come. */
export interface ICount {
  total: number;
  folders: number;
  files: number;
  bytes: number;
  done: boolean;
}

export interface IFault {
  about: string;
  what: string;
  where: string;
  advice: string;
}

export interface IPreview {
  name: string;
  format: string;
  facts: readonly (readonly [string, string])[];
  /** Facts that stand below what the file holds. */
  more: readonly (readonly [string, string])[];
  columns: readonly { name: string; type: string }[];
  rows: readonly (readonly (string | null)[])[];
  text: string;
  notes: readonly string[];
  image: { mime: string; data: string; width: number; height: number } | null;
}

export interface IPlan {
  plan: number;
  title: string;
  lines: readonly string[];
  button: string;
  danger: boolean;
}

export interface IJob {
  job: number;
  state: 'running' | 'done' | 'failed' | 'cancelled';
  text: string;
  done: number;
  total: number | null;
  advice: string;
}

/** What the kernel says. */
export type FilesMessage =
  | { type: 'ready'; cluster: string }
  | { type: 'gone' }
  | ({ type: 'folder'; seq: number } & IFolder)
  | ({ type: 'count'; listing: number } & ICount)
  | {
      type: 'rows';
      seq: number;
      listing: number;
      start: number;
      total: number;
      ids: number[];
      kinds: EntryKind[];
      rows: string[][];
    }
  | { type: 'detail'; listing: number; texts: Map<number, string[]> }
  | ({ type: 'preview'; seq: number } & IPreview)
  | { type: 'code' | 'path' | 'done'; seq: number; text: string }
  | ({ type: 'plan'; seq: number } & IPlan)
  | ({ type: 'job' } & IJob)
  | ({ type: 'error'; seq: number } & IFault);

/** What the page asks; see files-mime.md. */
export interface IFilesRequest {
  type: string;
  seq: number;
  listing?: number;
  ids?: readonly number[];
  kind?: string;
  text?: string;
  number?: number;
  start?: number;
  count?: number;
  sort?: { column: number; descending: boolean };
}

export type IFilesChannel = IChannel<FilesMessage, IFilesRequest>;

/** Which cells "insert as code" writes. */
export type CodeKind = 'spark' | 'hive' | 'pandas';
