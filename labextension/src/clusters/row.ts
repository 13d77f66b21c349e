import type { TranslationBundle } from '@jupyterlab/translation';
import { element } from '../dom';
import type { IClusterRow } from './model';
import { subline, tone } from './words';

/** What a button of the section does, as its data says. */
export type Act = 'choose' | 'attach' | 'start' | 'stop' | 'again' | 'dismiss';

/** How a row stands in the list. */
export interface IRowState {
  readonly isChosen: boolean;
  readonly isAttached: boolean;
  readonly isAttaching: boolean;
  readonly canAttach: boolean;
}

/** Pixels of a row: a name, a line below it. */
export const CLUSTER_HEIGHT = 46;

/** Returns a button; what it does is in its data, so that it can be drawn anew in place. */
export function actButton(
  act: Act,
  label: string,
  says: string,
  className = 'emrnb-Action'
): HTMLButtonElement {
  const button = element('button', className, label);
  button.type = 'button';
  button.dataset.act = act;
  button.setAttribute('aria-label', says);
  return button;
}

/** Draws a cluster: a state, a name, a line of facts or of progress, and what can be done. */
export function drawRow(
  row: IClusterRow,
  standing: IRowState,
  trans: TranslationBundle
): HTMLElement {
  const node = element('div', 'emrnb-Cluster');
  node.dataset.key = row.key;
  node.classList.toggle('emrnb-mod-chosen', standing.isChosen);
  const state = row.cluster?.state ?? row.local?.phase ?? '';
  const dot = element('span', `emrnb-Dot emrnb-mod-${tone(state)}`);
  dot.setAttribute('aria-hidden', 'true');
  const main = element('button', 'emrnb-ClusterMain');
  main.type = 'button';
  main.dataset.act = 'choose';
  main.setAttribute('aria-expanded', String(standing.isChosen));
  const text = element('span', 'emrnb-EntryText');
  text.append(element('span', 'emrnb-EntryName', row.name), below(row, trans));
  main.title = [row.name, row.key].join('\n');
  main.append(dot, text);
  node.append(main, ...buttons(row, standing, trans), ...bar(row));
  return node;
}

/** What stands below the name: what a start or an end has said last, else the facts in short. */
function below(row: IClusterRow, trans: TranslationBundle): HTMLElement {
  const { local, job } = row;
  if (job?.state === 'running') {
    const said = job.lines[job.lines.length - 1]?.trim() ?? trans.__('beginning…');
    return element('span', 'emrnb-EntrySub emrnb-ClusterJob', said);
  }
  // one that runs on without a daemon that died says so too
  const isHurt =
    local?.phase === 'failed' || local?.daemons.some(daemon => daemon.state === 'dead');
  const error = (isHurt && local?.error) || (job?.failure?.what ?? '');
  return error
    ? element('span', 'emrnb-EntrySub emrnb-ClusterJob emrnb-mod-bad', error)
    : element('span', 'emrnb-EntrySub', subline(row.cluster, local, trans));
}

function buttons(
  row: IClusterRow,
  { isAttached, isAttaching, canAttach }: IRowState,
  trans: TranslationBundle
): HTMLElement[] {
  const { local, name } = row;
  const isIdle = local !== null && ['stopped', 'failed'].includes(local.phase);
  if (isIdle && !local.job) {
    const says = trans.__('Start the local cluster %1', name);
    return [actButton('start', trans.__('Start'), says)];
  }
  if (!row.cluster?.ready) {
    return [];
  }
  if (isAttached) {
    return [element('span', 'emrnb-Attached', trans.__('attached'))];
  }
  const says = trans.__('Attach the notebook in front to %1', name);
  const label = isAttaching ? trans.__('Attaching…') : trans.__('Attach');
  const button = actButton('attach', label, says);
  button.disabled = !canAttach || isAttaching;
  button.title = canAttach ? says : trans.__('Open a notebook to attach it');
  return [button];
}

/** How much of a local cluster has started. */
function bar({ local, job }: IClusterRow): HTMLElement[] {
  if (job?.state !== 'running') {
    return [];
  }
  const ready = local?.daemons.filter(d => d.ready_after !== null).length ?? 0;
  const all = local?.daemons.length ?? 0;
  const made = element('div', 'emrnb-Bar');
  const done = element('div', 'emrnb-BarDone');
  done.style.width = `${all ? Math.round((100 * ready) / all) : 0}%`;
  made.append(done);
  return [made];
}
