import type { TranslationBundle } from '@jupyterlab/translation';
import { copyText } from './dom';
import { toTsv, type IRange } from './selection';
import type { IGridModel } from './tokens';

/** Cells that a copy may hold: beyond, a spreadsheet chokes and so does the browser. */
const COPY_CELLS = 500_000;

/** Puts a rectangle on the clipboard as tab-separated text; resolves with what to say of it. */
export async function copyRange(
  model: IGridModel,
  range: IRange,
  trans: TranslationBundle
): Promise<string> {
  const rows = range.bottom - range.top + 1;
  const cells = rows * (range.right - range.left + 1);
  if (cells > COPY_CELLS) {
    return trans.__(
      'Not copied: %1 cells are too many for the clipboard (at most %2). Select fewer, or write the result to a file.',
      cells.toLocaleString(),
      COPY_CELLS.toLocaleString()
    );
  }
  try {
    const data = await model.fetch(range.top, range.bottom + 1);
    await copyText(toTsv(data, range.left, range.right));
    return trans._n('Copied %1 row.', 'Copied %1 rows.', rows);
  } catch (error) {
    return trans.__('Not copied: %1', String((error as Error).message));
  }
}
