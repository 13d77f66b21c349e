/** Where rows and columns lie; plain numbers in CSS pixels. */

export const ROW_HEIGHT = 24;
export const HEAD_HEIGHT = 42;

/** Browsers stop at some 17 million pixels; above this the scroll bar is scaled. */
const MAX_HEIGHT = 8_000_000;

/** Rows drawn above and below what is seen. */
const OVERSCAN = 8;

/** The rows of a scrolled view: which are drawn, and how far down. */
export interface IWindow {
  first: number;
  /** One after the last. */
  stop: number;
  /** Pixels from the top of the body to the first drawn row. */
  top: number;
}

/** Returns how tall the body is for a number of rows. */
export function bodyHeight(rows: number, rowHeight = ROW_HEIGHT): number {
  return Math.min(rows * rowHeight, MAX_HEIGHT);
}

/** Returns the rows to draw when scrolled to `scrollTop` in a view of `height`. */
export function rowWindow(
  rows: number,
  scrollTop: number,
  height: number,
  rowHeight = ROW_HEIGHT
): IWindow {
  const offset = scrollTop * scale(rows, height, rowHeight);
  const seen = Math.floor(offset / rowHeight);
  const first = Math.max(0, seen - OVERSCAN);
  const stop = Math.min(rows, seen + Math.ceil(height / rowHeight) + OVERSCAN);
  return { first, stop, top: scrollTop + first * rowHeight - offset };
}

/** Returns the `scrollTop` at which a row is wholly seen, moving as little as can be. */
export function scrollTo(
  row: number,
  rows: number,
  scrollTop: number,
  height: number,
  rowHeight = ROW_HEIGHT
): number {
  const ratio = scale(rows, height, rowHeight);
  const offset = scrollTop * ratio;
  if (row * rowHeight < offset) {
    return (row * rowHeight) / ratio;
  }
  if ((row + 1) * rowHeight > offset + height) {
    return ((row + 1) * rowHeight - height) / ratio;
  }
  return scrollTop;
}

function scale(rows: number, height: number, rowHeight: number): number {
  const real = rows * rowHeight;
  const body = bodyHeight(rows, rowHeight);
  return real > body ? (real - height) / (body - height) : 1;
}

/** Left edges of columns, and one more: the right edge of the last. */
export function offsetsOf(widths: readonly number[], start: number): number[] {
  const offsets = [start];
  widths.forEach((width, i) => offsets.push((offsets[i] ?? start) + width));
  return offsets;
}

/** Returns the first and one after the last column seen between two edges. */
export function columnWindow(
  offsets: readonly number[],
  left: number,
  right: number
): [number, number] {
  const count = offsets.length - 1;
  let first = 0;
  while (first < count - 1 && (offsets[first + 1] ?? 0) <= left) {
    first++;
  }
  let stop = first;
  while (stop < count && (offsets[stop] ?? 0) < right) {
    stop++;
  }
  return [Math.max(0, first - 1), Math.min(count, stop + 1)];
}
