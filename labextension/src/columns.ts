import { oneLine } from './dom';
import { offsetsOf } from './geometry';
import type { IColumn } from './tokens';

const MIN_WIDTH = 56;
const MAX_WIDTH = 320;
const PADDING = 26;
const LEAST_FIRST = 170;
const ROW_NUMBER_PADDING = 18;

/** Widths of a table's columns: measured from what they hold, until somebody drags one. */
export class Columns {
  constructor(
    readonly columns: readonly IColumn[],
    private readonly _hasNumbers = true,
    private readonly _lead = 0
  ) {
    this._widths = columns.map(() => MIN_WIDTH * 2);
    this._dragged = columns.map(() => false);
  }

  /** Left edges in pixels, and one more: the right edge of the last column. */
  get offsets(): readonly number[] {
    return this._offsets;
  }

  /** Width of the column of row numbers. */
  get gutter(): number {
    return this._gutter;
  }

  get total(): number {
    return this._offsets[this._offsets.length - 1] ?? this._gutter;
  }

  width(index: number): number {
    return (this._widths[index] ?? MIN_WIDTH) + (index === 0 ? this._spare : 0);
  }

  /** Lets the first column have what is left of a width, or give of its own what is missing. */
  fill(width: number): void {
    const first = this._widths[0] ?? MIN_WIDTH;
    const left = width - this._gutter - this._widths.reduce((a, b) => a + b, 0);
    const spare = this._dragged[0]
      ? 0
      : Math.max(left, Math.min(0, LEAST_FIRST - first));
    if (spare !== this._spare) {
      this._spare = spare;
      this._place();
    }
  }

  /** Measures names, types and the longest text of each column in some rows. */
  measure(
    rows: readonly (readonly (string | null | undefined)[])[],
    rowCount: number,
    font: string
  ): void {
    const context = document.createElement('canvas').getContext('2d');
    if (context === null) {
      return;
    }
    context.font = font;
    const wide = (text: string) => context.measureText(text).width;
    this.columns.forEach((column, i) => {
      if (this._dragged[i]) {
        return;
      }
      const least = this._hasNumbers ? 'null' : '';
      const texts = [least, ...rows.map(row => oneLine(row[i] ?? ''))];
      const most = Math.max(...texts.map(text => text.length));
      // glyphs differ in width, so what is nearly as long may be wider
      const slack = this._hasNumbers ? 1 : 4;
      const wider = texts
        .filter(text => text.length > most - slack)
        .slice(0, 5 * slack);
      const head = Math.max(wide(column.name) * 1.07, wide(column.type) * 0.85);
      const lead = i === 0 ? this._lead : 0; // what stands before the text
      const width = Math.max(head + 16, Math.max(...wider.map(wide)) + lead) + PADDING;
      this._widths[i] = Math.round(Math.max(MIN_WIDTH, Math.min(MAX_WIDTH, width)));
    });
    const digits = '8'.repeat(Math.max(2, String(rowCount).length));
    this._gutter = this._hasNumbers
      ? Math.round(wide(digits) * 0.85 + ROW_NUMBER_PADDING)
      : 0;
    this._place();
  }

  /** Sets a width by hand. */
  resize(index: number, width: number): void {
    this._widths[index] = Math.max(32, Math.round(width));
    this._dragged[index] = true;
    this._place();
  }

  /** Forgets a width set by hand; the next `measure` finds a new one. */
  release(index: number): void {
    this._dragged[index] = false;
  }

  private _place(): void {
    const widths = this._widths.map((_, i) => this.width(i));
    this._offsets = offsetsOf(widths, this._gutter);
  }

  private readonly _widths: number[];
  private readonly _dragged: boolean[];
  private _offsets: number[] = [0];
  private _gutter = 40;
  private _spare = 0;
}
