import type { TranslationBundle } from '@jupyterlab/translation';
import { failureOf } from '../api/failure';
import { element, titled } from '../dom';
import { icon, type IconName } from '../files/icons';
import type { IItem } from './node';
import { isFolder } from './tokens';

/** Says what a row looks like, so that one that looks the same is not drawn anew. */
export function lookOf(item: IItem): string {
  const { kind, level, row, count, entry, node } = item;
  const folder = node?.folder;
  const name = entry ? [entry.name, entry.kind, entry.size, entry.modified] : [];
  return JSON.stringify([
    ...[kind, level, row, count, ...name],
    ...[node?.isExpanded ?? false, folder?.isOpening ?? false, folder?.filter ?? ''],
    ...[folder?.count ?? 0, folder?.isDone ?? false],
    kind === 'entry' ? '' : saidOf(item)
  ]);
}

/** Draws a row of the tree. */
export function drawItem(item: IItem, trans: TranslationBundle): HTMLElement {
  const node = element('div', 'emrnb-TreeRow');
  node.setAttribute('aria-level', String(item.level));
  node.setAttribute('aria-setsize', String(Math.max(1, item.count)));
  node.setAttribute('aria-posinset', String(Math.min(item.row, item.count) + 1));
  node.style.setProperty('--emrnb-level', String(item.level - 1));
  if (item.kind !== 'entry') {
    drawSaid(node, item, trans);
  } else if (item.entry === undefined) {
    node.append(element('span', 'emrnb-TreeBar'));
    node.setAttribute('aria-label', trans.__('Loading…'));
  } else {
    drawEntry(node, item, trans);
  }
  return node;
}

function drawEntry(node: HTMLElement, item: IItem, trans: TranslationBundle): void {
  const { entry, node: opened } = item;
  if (entry === undefined) {
    return;
  }
  const twisty = element('span', 'emrnb-TreeTwisty');
  if (isFolder(entry)) {
    twisty.append(icon('open'));
    node.setAttribute('aria-expanded', String(opened?.isExpanded ?? false));
  }
  const name = element('span', 'emrnb-TreeName', shownName(item, trans));
  const size = isFolder(entry) ? '' : entry.size;
  node.setAttribute('aria-label', [name.textContent, size].filter(Boolean).join(', '));
  const told = [entry.size, entry.modified].filter(Boolean).join(' · ');
  node.title = titled([entry.path ?? entry.name, told].filter(Boolean).join('\n'));
  const more = element('button', 'emrnb-TreeMore', '⋯');
  more.type = 'button';
  more.tabIndex = -1; // the menu key does the same
  more.title = trans.__('More actions');
  more.setAttribute('aria-label', trans.__('More actions for %1', entry.name));
  const mark = icon(iconOf(item));
  mark.classList.toggle('emrnb-mod-store', item.parent === null);
  node.append(
    twisty,
    mark,
    name,
    element('span', 'emrnb-TreeMark', markOf(item, trans)),
    element('span', 'emrnb-TreeSize', size),
    element('span', 'emrnb-TreeTime', entry.modified),
    more
  );
}

/** Draws a row that says something in the place of entries. */
function drawSaid(node: HTMLElement, item: IItem, trans: TranslationBundle): void {
  node.classList.add('emrnb-TreeSaid', `emrnb-mod-${item.kind}`);
  const folder = item.parent?.folder;
  const text =
    item.kind === 'loading'
      ? trans.__('Loading…')
      : item.kind === 'empty'
        ? folder?.filter && folder.total > 0
          ? trans.__('Nothing here matches the filter')
          : trans.__('This folder is empty')
        : saidOf(item);
  const said = element('span', 'emrnb-TreeName', text);
  node.title = titled(text);
  node.append(element('span', 'emrnb-TreeTwisty'), said);
  if (item.kind === 'failed' || item.kind === 'broken') {
    const again = element('button', 'emrnb-Link', trans.__('Try again'));
    again.type = 'button';
    again.dataset.again = '';
    node.append(again);
  }
}

function saidOf(item: IItem): string {
  const error = item.parent?.folder.error;
  return error ? failureOf(error).what : '';
}

/** Returns the name of a root in words, of anything else as it is. */
function shownName(item: IItem, trans: TranslationBundle): string {
  const name = item.entry?.name ?? '';
  switch (item.node?.store) {
    case 'hdfs':
      return 'HDFS';
    case 's3':
      return 'S3';
    case 'file':
      return trans.__('This machine');
    default:
      return name;
  }
}

/** Returns what stands beside a folder's name: that it comes, or what its filter leaves. */
function markOf(item: IItem, trans: TranslationBundle): string {
  const { node } = item;
  if (!node?.isExpanded || !node.folder.listing) {
    return node?.store === 'file' ? (item.entry?.path?.slice(7) ?? '') : '';
  }
  const { folder } = node;
  if (folder.filter) {
    return trans.__('%1 match', folder.count.toLocaleString());
  }
  if (!folder.isDone && folder.count > 0) {
    return trans.__('%1 …', folder.count.toLocaleString());
  }
  return folder.count > 99 ? folder.count.toLocaleString() : '';
}

function iconOf(item: IItem): IconName {
  const kind = item.entry?.kind;
  return kind === 'directory' ? 'folder' : kind === 'symlink' ? 'link' : 'file';
}
