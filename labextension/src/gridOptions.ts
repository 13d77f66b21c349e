import type { IRange } from './selection';

/** How a grid differs from that of a result; what is left out is as there. */
export interface IGridOptions {
  label?: string;
  /** Whether rows are numbered. */
  hasNumbers?: boolean;
  headHeight?: number;
  /** Rows for which there is room, whether there are so many or not. */
  leastRows?: number;
  /** Rows seen at once before the grid scrolls, where there is room for them. */
  mostRows?: number;
  /** Whether whole rows are selected, and the first column takes the width that is left. */
  isList?: boolean;
  /** Adds to a cell that was drawn. */
  decorate?: (cell: HTMLElement, row: number, column: number) => void;
  /** What `decorate` looks at in a row besides its values. */
  mark?: (row: number) => string;
  onSelected?: (range: IRange | null, row: number) => void;
  /** Enter or a double click on a row. */
  onOpen?: (row: number) => void;
  onCopy?: (range: IRange) => void;
  /** Takes a key before the grid does; true if it was one of its own. */
  onKey?: (event: KeyboardEvent) => boolean;
}

/** What an icon before a name takes. */
export const ICON_WIDTH = 24;

/** Milliseconds within which a second press on a row opens it. */
export const DOUBLE_PRESS = 450;
