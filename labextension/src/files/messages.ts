import type {
  EntryKind,
  FilesMessage,
  IFileColumn,
  IJob,
  IPayload,
  IPreview
} from './tokens';

type Data = Record<string, unknown>;

/** Pictures that are drawn; another type could hold a script. */
export const PICTURES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];

/** Reads what a notebook file keeps; null for what is no browser; never throws. */
export function readPayload(data: unknown): IPayload | null {
  if (!isRecord(data) || typeof data.browser !== 'string') {
    return null;
  }
  return {
    browser: data.browser,
    cluster: text(data.cluster),
    path: text(data.path)
  };
}

/** Reads one message of the kernel; null if it is none of ours. */
export function readMessage(data: unknown): FilesMessage | null {
  if (!isRecord(data)) {
    return null;
  }
  const seq = whole(data.seq);
  const listing = whole(data.listing);
  switch (data.type) {
    case 'ready':
      return { type: 'ready', cluster: text(data.cluster) };
    case 'gone':
      return { type: 'gone' };
    case 'folder':
      return {
        type: 'folder',
        seq,
        listing,
        path: text(data.path),
        parts: texts(data.parts),
        columns: list(data.columns).map(readColumn)
      };
    case 'count':
      return {
        type: 'count',
        listing,
        total: whole(data.total),
        folders: whole(data.folders),
        files: whole(data.files),
        bytes: whole(data.bytes),
        done: data.done === true
      };
    case 'rows':
      return readRows(data, seq, listing);
    case 'detail':
      return { type: 'detail', listing, texts: readDetail(data.texts) };
    case 'preview':
      return { type: 'preview', seq, ...readPreview(data) };
    case 'code':
    case 'path':
    case 'done':
      return { type: data.type, seq, text: text(data.text) };
    case 'plan':
      return {
        type: 'plan',
        seq,
        plan: whole(data.plan),
        title: text(data.title),
        lines: texts(data.lines),
        button: text(data.button),
        danger: data.danger === true
      };
    case 'job':
      return { type: 'job', ...readJob(data) };
    case 'error':
      return {
        type: 'error',
        seq,
        about: text(data.about),
        what: text(data.what),
        where: text(data.where),
        advice: text(data.advice)
      };
    default:
      return null;
  }
}

function readRows(data: Data, seq: number, listing: number): FilesMessage | null {
  const rows = list(data.rows).map(texts);
  const ids = list(data.ids).map(whole);
  const kinds = list(data.kinds).map(readKind);
  if (ids.length !== rows.length || kinds.length !== rows.length) {
    return null;
  }
  const start = whole(data.start);
  const total = whole(data.total);
  return { type: 'rows', seq, listing, start, total, ids, kinds, rows };
}

function readDetail(data: unknown): Map<number, string[]> {
  const found = new Map<number, string[]>();
  for (const [id, values] of Object.entries(isRecord(data) ? data : {})) {
    found.set(Number(id), texts(values));
  }
  return found;
}

function readColumn(data: unknown): IFileColumn {
  const column = isRecord(data) ? data : {};
  const kind = text(column.kind);
  return {
    key: text(column.key),
    name: text(column.name),
    type: '',
    kind: kind === 'number' || kind === 'time' ? kind : 'text',
    late: column.late === true
  };
}

function readPreview(data: Data): IPreview {
  return {
    name: text(data.name),
    format: text(data.format),
    facts: readFacts(data.facts),
    more: readFacts(data.more),
    columns: list(data.columns).map(column => ({
      name: isRecord(column) ? text(column.name) : '',
      type: isRecord(column) ? text(column.type) : ''
    })),
    rows: list(data.rows).map(row =>
      list(row).map(cell => (cell === null ? null : String(cell)))
    ),
    text: text(data.text),
    notes: texts(data.notes),
    image: readImage(data.image)
  };
}

function readFacts(data: unknown): (readonly [string, string])[] {
  return list(data).map(fact => {
    const [label, value] = texts(fact);
    return [label ?? '', value ?? ''] as const;
  });
}

function readImage(data: unknown): IPreview['image'] {
  if (!isRecord(data) || !PICTURES.includes(text(data.mime))) {
    return null;
  }
  return {
    mime: text(data.mime),
    data: text(data.data),
    width: whole(data.width),
    height: whole(data.height)
  };
}

function readJob(data: Data): IJob {
  const states: readonly string[] = ['running', 'done', 'failed', 'cancelled'];
  const state = states.includes(text(data.state)) ? text(data.state) : 'failed';
  return {
    job: whole(data.job),
    state: state as IJob['state'],
    text: text(data.text),
    done: whole(data.done),
    total: typeof data.total === 'number' ? data.total : null,
    advice: text(data.advice)
  };
}

function readKind(data: unknown): EntryKind {
  return data === 'directory' || data === 'symlink' ? data : 'file';
}

function text(data: unknown): string {
  return typeof data === 'string' ? data : '';
}

function texts(data: unknown): string[] {
  return list(data).map(value => (value === null ? '' : String(value)));
}

function list(data: unknown): unknown[] {
  return Array.isArray(data) ? data : [];
}

function whole(data: unknown): number {
  return typeof data === 'number' && Number.isSafeInteger(data) && data >= 0 ? data : 0;
}

function isRecord(data: unknown): data is Data {
  return typeof data === 'object' && data !== null && !Array.isArray(data);
}
