import type { TranslationBundle } from '@jupyterlab/translation';
import { sizeText } from './controls';
import type { FilesModel } from './model';

/** Returns the footer's first line: what lies here, and whether it still comes in. */
export function filesSummary(model: FilesModel, trans: TranslationBundle): string {
  if (model.state !== 'live') {
    return model.state === 'connecting'
      ? trans.__('Waiting for the kernel…')
      : trans.__('Files of %1. Run the cell to browse them.', model.payload.cluster);
  }
  const { total, folders, files, bytes, done } = model.count;
  if (total === 0) {
    return done ? trans.__('empty') : trans.__('listing…');
  }
  const parts = [];
  if (folders > 0) {
    parts.push(
      folders === 1
        ? trans.__('1 folder')
        : trans.__('%1 folders', folders.toLocaleString())
    );
  }
  if (files > 0) {
    const many =
      files === 1 ? trans.__('1 file') : trans.__('%1 files', files.toLocaleString());
    parts.push(`${many}, ${sizeText(bytes)}`);
  }
  if (model.filter && !model.isStale) {
    parts.push(trans.__('%1 match', model.rowCount.toLocaleString()));
  }
  if (model.fault?.about === 'list') {
    parts.push(trans.__('not all: the listing broke off'));
  } else if (!done) {
    parts.push(trans.__('listing…'));
  }
  return parts.join(' · ');
}
