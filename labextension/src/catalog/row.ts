import type { TranslationBundle } from '@jupyterlab/translation';
import { failureOf } from '../api/failure';
import { element, oneLine, titled } from '../dom';
import { icon, type IconName } from './icons';
import { canOpen, type INode, type IRow } from './tree';

const INDENT = 14;

/** Says what a row looks like, so that one which looks the same is not drawn anew. */
export function lookOf(row: IRow, isFound: boolean): string {
  const { node } = row;
  const about = row.kind === 'failed' ? failureOf(node.failure).what : node.type;
  const count = `${row.position}/${row.siblings}/${node.children?.length ?? ''}`;
  return [row.kind, node.key, node.isOpen, about, count, isFound].join('\n');
}

/** Draws a row of the tree, or with `isFound` one of what a search found. */
export function drawRow(
  row: IRow,
  trans: TranslationBundle,
  isFound: boolean
): HTMLElement {
  const drawn =
    row.kind === 'node' ? drawNode(row.node, trans, isFound) : drawSaid(row, trans);
  drawn.style.paddingLeft = `${isFound ? 8 : 4 + row.depth * INDENT}px`;
  drawn.setAttribute('aria-level', String(row.depth + 1));
  if (row.position > 0) {
    drawn.setAttribute('aria-setsize', String(row.siblings));
    drawn.setAttribute('aria-posinset', String(row.position));
  }
  if (row.kind === 'node' && canOpen(row.node) && !isFound) {
    drawn.setAttribute('aria-expanded', String(row.node.isOpen));
  }
  return drawn;
}

function drawNode(
  node: INode,
  trans: TranslationBundle,
  isFound: boolean
): HTMLElement {
  const row = element('div', 'emrnb-CatalogRow');
  row.draggable = node.sql !== '';
  row.dataset.kind = node.kind;
  if (!isFound) {
    const twisty = element('span', 'emrnb-CatalogTwisty');
    twisty.classList.toggle('emrnb-mod-open', node.isOpen);
    if (canOpen(node)) {
      twisty.append(icon('open'));
    }
    row.append(twisty);
  }
  row.append(icon(node.isKey ? 'key' : iconOf(node)));
  row.append(element('span', 'emrnb-CatalogLabel', oneLine(node.label)));
  const beside = isFound ? placeOf(node) : node.type;
  if (beside) {
    row.append(element('span', 'emrnb-CatalogType', oneLine(beside)));
  }
  if (node.isKey) {
    const key = element('span', 'emrnb-CatalogKey', trans.__('partition'));
    row.append(key);
  }
  row.title = titled(told(node, trans));
  return row;
}

function drawSaid(row: IRow, trans: TranslationBundle): HTMLElement {
  const said = element('div', `emrnb-CatalogSaid emrnb-mod-${row.kind}`);
  said.append(element('span', 'emrnb-CatalogTwisty'));
  const { node } = row;
  if (row.kind === 'failed') {
    const { what, where, advice } = failureOf(node.failure);
    said.append(icon('warning'), element('span', 'emrnb-CatalogLabel', what));
    said.title = [what, where, advice].filter(Boolean).join('\n');
  } else if (row.kind === 'more') {
    const left = node.total - (node.children?.length ?? 0);
    const text = trans.__('Show more (%1 left)', left.toLocaleString());
    const more = element('button', 'emrnb-Link', text);
    more.type = 'button';
    more.tabIndex = -1; // Enter on the row does it
    said.append(more);
  } else {
    const text = row.kind === 'loading' ? trans.__('Loading…') : emptyOf(node, trans);
    said.append(element('span', 'emrnb-CatalogLabel', text));
  }
  return said;
}

function emptyOf(node: INode, trans: TranslationBundle): string {
  switch (node.kind) {
    case 'source':
    case 'catalog':
      return trans.__('No databases');
    case 'schema':
      return trans.__('No tables');
    default:
      return trans.__('No columns');
  }
}

function iconOf(node: INode): IconName {
  return node.kind;
}

/** Returns what leads to a node, for a list in which its parents are not seen. */
function placeOf(node: INode): string {
  const names: string[] = [];
  for (let at = node.parent; at !== null && at.kind !== 'source'; at = at.parent) {
    names.unshift(at.label);
  }
  return [node.source.title, ...names].join(' › ');
}

function told(node: INode, trans: TranslationBundle): string {
  const lines = [[node.sql || node.label, node.type].filter(Boolean).join('  ')];
  if (node.isKey) {
    lines.push(trans.__('Partition key'));
  }
  return [...lines, node.comment].filter(Boolean).join('\n');
}
