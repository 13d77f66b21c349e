import type { IColumn, IPayload, KernelMessage, Kind, Row } from './tokens';

const KINDS: readonly string[] = [
  'number',
  'text',
  'boolean',
  'time',
  'binary',
  'nested',
  'null'
] satisfies Kind[];

/**
 * Reads a payload that anybody may have written into a notebook file.
 *
 * A later version is read as far as it is known. Returns null for what is no table; never throws.
 */
export function readPayload(data: unknown): IPayload | null {
  if (!isRecord(data) || !Array.isArray(data.columns)) {
    return null;
  }
  const columns = data.columns.map(readColumn);
  const rows = readRows(data.rows, columns.length);
  if (rows === null) {
    return null;
  }
  return {
    result: typeof data.result === 'string' ? data.result : '',
    columns,
    rows,
    held: readCount(data.held) ?? rows.length,
    total: readCount(data.total),
    truncated: data.truncated === true,
    notices: Array.isArray(data.notices) ? data.notices.map(String) : []
  };
}

/** Reads one message of the kernel; null if it is none of ours. */
export function readMessage(data: unknown): KernelMessage | null {
  if (!isRecord(data)) {
    return null;
  }
  switch (data.type) {
    case 'ready':
      return { type: 'ready', held: readCount(data.held) ?? 0 };
    case 'gone':
      return { type: 'gone' };
    case 'error':
      return {
        type: 'error',
        seq: readCount(data.seq),
        message: String(data.message)
      };
    case 'rows':
      return readPage(data);
    default:
      return null;
  }
}

function readPage(data: Record<string, unknown>): KernelMessage | null {
  const seq = readCount(data.seq);
  const total = readCount(data.total);
  const rows = readRows(data.rows, null);
  if (seq === null || total === null || rows === null) {
    return null;
  }
  return { type: 'rows', seq, rows, total };
}

function readColumn(data: unknown): IColumn {
  const column = isRecord(data) ? data : {};
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  return {
    name: text(column.name),
    type: text(column.type),
    kind: KINDS.includes(text(column.kind)) ? (column.kind as Kind) : 'text'
  };
}

function readRows(data: unknown, width: number | null): Row[] | null {
  if (!Array.isArray(data)) {
    return null;
  }
  const rows: Row[] = [];
  for (const row of data) {
    if (!Array.isArray(row) || (width !== null && row.length !== width)) {
      return null;
    }
    rows.push(row.map(cell => (cell === null ? null : String(cell))));
  }
  return rows;
}

function readCount(data: unknown): number | null {
  return typeof data === 'number' && Number.isSafeInteger(data) && data >= 0
    ? data
    : null;
}

function isRecord(data: unknown): data is Record<string, unknown> {
  return typeof data === 'object' && data !== null && !Array.isArray(data);
}
