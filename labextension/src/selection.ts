import type { Row } from './tokens';

/** A cell; row −1 is the header. */
export interface ICell {
  row: number;
  column: number;
}

/** A rectangle, ends included. */
export interface IRange {
  top: number;
  bottom: number;
  left: number;
  right: number;
}

/** Returns the rectangle between two cells, either of which may come first. */
export function rangeOf(a: ICell, b: ICell): IRange {
  return {
    top: Math.max(0, Math.min(a.row, b.row)),
    bottom: Math.max(a.row, b.row),
    left: Math.min(a.column, b.column),
    right: Math.max(a.column, b.column)
  };
}

export function contains(range: IRange, row: number, column: number): boolean {
  return (
    row >= range.top &&
    row <= range.bottom &&
    column >= range.left &&
    column <= range.right
  );
}

/** Where a key leads from a cell; null for keys that do not move. */
export function moved(
  key: string,
  jump: boolean,
  from: ICell,
  size: { rows: number; columns: number; page: number }
): ICell | null {
  const { row, column } = from;
  const bottom = size.rows - 1;
  const target = ((): ICell | null => {
    switch (key) {
      case 'ArrowUp':
        return { row: jump ? 0 : row - 1, column };
      case 'ArrowDown':
        return { row: jump ? bottom : row + 1, column };
      case 'ArrowLeft':
        return { row, column: jump ? 0 : column - 1 };
      case 'ArrowRight':
        return { row, column: jump ? size.columns - 1 : column + 1 };
      case 'PageUp':
        return { row: Math.max(0, row - size.page), column };
      case 'PageDown':
        return { row: row + size.page, column };
      case 'Home':
        return { row: jump ? 0 : row, column: 0 };
      case 'End':
        return { row: jump ? bottom : row, column: size.columns - 1 };
      default:
        return null;
    }
  })();
  return (
    target && {
      row: Math.max(-1, Math.min(bottom, target.row)),
      column: Math.max(0, Math.min(size.columns - 1, target.column))
    }
  );
}

/** Returns rows as tab-separated text, quoted as spreadsheets expect it; NULL is empty. */
export function toTsv(rows: readonly Row[], left: number, right: number): string {
  const quoted = (text: string) =>
    /[\t\r\n"]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
  return rows
    .map(row =>
      row
        .slice(left, right + 1)
        .map(cell => quoted(cell ?? ''))
        .join('\t')
    )
    .join('\n');
}
