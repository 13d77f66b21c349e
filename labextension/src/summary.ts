import type { TranslationBundle } from '@jupyterlab/translation';
import type { TableModel } from './model';

/** Returns the footer's first line: how much there is and how much of it is here. */
export function summary(model: TableModel, trans: TranslationBundle): string {
  const { payload, state } = model;
  const total = payload.total ?? (payload.truncated ? null : payload.held);
  const width = payload.columns.length;
  const columns =
    width === 1 ? trans.__('1 column') : trans.__('%1 columns', width.toLocaleString());
  const rows =
    total === null
      ? trans.__('More than %1 rows', payload.held.toLocaleString())
      : total === 1
        ? trans.__('1 row')
        : trans.__('%1 rows', total.toLocaleString());
  const parts = [`${rows} × ${columns}`];
  const here = state === 'live' ? payload.held : payload.rows.length;
  if (total === null || here < total) {
    parts.push(state === 'live' ? first(here, trans) : saved(here, trans));
  }
  if (state === 'live' && model.filter && !model.isStale) {
    parts.push(matched(model, trans));
  } else if (state === 'live' && model.sort && payload.truncated) {
    parts.push(trans.__('sorted within these'));
  }
  return parts.join(' · ');
}

function first(count: number, trans: TranslationBundle): string {
  return trans.__('first %1 shown', count.toLocaleString());
}

function saved(count: number, trans: TranslationBundle): string {
  return count > 0
    ? trans.__('first %1 saved', count.toLocaleString())
    : trans.__('none saved');
}

function matched(model: TableModel, trans: TranslationBundle): string {
  const count = model.rowCount.toLocaleString();
  return model.payload.truncated
    ? trans.__('%1 of these match', count)
    : trans.__('%1 match', count);
}
