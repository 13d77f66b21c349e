import type { TranslationBundle } from '@jupyterlab/translation';
import type { IClusterView } from '../api/schema';
import { element } from '../dom';
import type { IClusterRow } from './model';
import { duration, nodesLine, roleWord, stateWord, subline, tone } from './words';

/** What a row can do. */
export interface IRowActions {
  choose(row: IClusterRow): void;
  attach(row: IClusterRow): void;
  start(row: IClusterRow): void;
  stop(row: IClusterRow): void;
}

/** How a row stands in the list. */
export interface IRowState {
  isChosen: boolean;
  isAttached: boolean;
  canAttach: boolean;
}

/** Draws a cluster: a state, a name, a line of facts, what can be done, and all of it if chosen. */
export function drawRow(
  row: IClusterRow,
  { isChosen, isAttached, canAttach }: IRowState,
  actions: IRowActions,
  trans: TranslationBundle
): HTMLElement {
  const node = element('li', 'emrnb-Cluster');
  node.dataset.key = row.key;
  node.classList.toggle('emrnb-mod-chosen', isChosen);
  const state = row.cluster?.state ?? row.local?.phase ?? '';
  const dot = element('span', `emrnb-Dot emrnb-mod-${tone(state)}`);
  dot.setAttribute('aria-hidden', 'true');
  const main = element('button', 'emrnb-ClusterMain');
  main.type = 'button';
  main.setAttribute('aria-expanded', String(isChosen));
  main.title = row.key;
  const name = element('span', 'emrnb-ClusterName', row.name);
  const text = element('span', 'emrnb-ClusterText');
  text.append(
    name,
    element('span', 'emrnb-ClusterSub', subline(row.cluster, row.local, trans))
  );
  main.append(dot, text);
  main.addEventListener('click', () => actions.choose(row));
  const head = element('div', 'emrnb-ClusterHead');
  head.append(main, ...buttons(row, isAttached, canAttach, actions, trans));
  node.append(head, ...progress(row, trans));
  if (isChosen && row.cluster !== null) {
    node.append(facts(row.cluster, trans));
    if (row.local !== null && row.local.phase === 'running') {
      const stop = element('button', 'emrnb-Action', trans.__('Stop'));
      stop.type = 'button';
      stop.setAttribute('aria-label', trans.__('Stop the local cluster %1', row.name));
      stop.addEventListener('click', () => actions.stop(row));
      node.append(stop);
    }
  }
  return node;
}

function buttons(
  row: IClusterRow,
  isAttached: boolean,
  canAttach: boolean,
  actions: IRowActions,
  trans: TranslationBundle
): HTMLElement[] {
  const made: HTMLElement[] = [];
  const add = (label: string, says: string, act: () => void) => {
    const button = element('button', 'emrnb-Action', label);
    button.type = 'button';
    button.setAttribute('aria-label', says);
    button.addEventListener('click', act);
    made.push(button);
    return button;
  };
  const { local, name } = row;
  const isIdle = local !== null && ['stopped', 'failed'].includes(local.phase);
  if (isIdle && !local.job) {
    add(trans.__('Start'), trans.__('Start the local cluster %1', name), () =>
      actions.start(row)
    );
  }
  if (row.cluster?.ready) {
    if (isAttached) {
      made.push(element('span', 'emrnb-Attached', trans.__('attached')));
    } else {
      const says = trans.__('Attach the notebook in front to %1', name);
      const button = add(trans.__('Attach'), says, () => actions.attach(row));
      button.disabled = !canAttach;
      button.title = canAttach ? says : trans.__('Open a notebook to attach it');
    }
  }
  return made;
}

/** What a start or an end that is under way has said last. */
function progress(row: IClusterRow, trans: TranslationBundle): HTMLElement[] {
  const { local, job } = row;
  const made: HTMLElement[] = [];
  if (job?.state === 'running') {
    const ready = local?.daemons.filter(d => d.ready_after !== null).length ?? 0;
    const all = local?.daemons.length ?? 0;
    const said = job.lines[job.lines.length - 1]?.trim() ?? trans.__('beginning…');
    const line = element('div', 'emrnb-ClusterJob', said);
    line.setAttribute('role', 'status');
    const bar = element('div', 'emrnb-Bar');
    const done = element('div', 'emrnb-BarDone');
    done.style.width = `${all ? Math.round((100 * ready) / all) : 0}%`;
    bar.append(done);
    made.push(line, bar);
  } else if (local?.phase === 'failed' && local.error) {
    made.push(element('div', 'emrnb-ClusterJob emrnb-mod-bad', local.error));
  } else if (job?.state === 'failed' && job.failure) {
    const { what, advice } = job.failure;
    made.push(element('div', 'emrnb-ClusterJob emrnb-mod-bad', `${what} ${advice}`));
  }
  return made;
}

function facts(cluster: IClusterView, trans: TranslationBundle): HTMLElement {
  const list = element('dl', 'emrnb-Facts');
  const add = (term: string, text: string) => {
    if (text) {
      list.append(element('dt', '', term), element('dd', '', text));
    }
  };
  add(trans.__('Id'), cluster.id);
  add(trans.__('State'), stateLine(cluster, trans));
  const { facts: known } = cluster;
  if (known === null) {
    add(trans.__('Facts'), trans.__('not asked for yet'));
  } else {
    add(trans.__('Release'), known.release);
    add(trans.__('Applications'), known.applications.join(', '));
    known.nodes.forEach(nodes =>
      add(roleWord(nodes.role, trans), nodesLine(nodes, trans))
    );
    add(trans.__('Region'), known.region);
    if (known.idle_timeout !== null) {
      add(trans.__('Ends when idle for'), duration(known.idle_timeout, trans));
    }
    const tags = Object.entries(known.tags).filter(
      ([name]) => !name.startsWith('emr-nb:')
    );
    add(trans.__('Tags'), tags.map(([name, value]) => `${name}=${value}`).join(', '));
  }
  add(trans.__('Notebooks'), cluster.notebooks.join(', '));
  if (known !== null && cluster.provider !== 'local') {
    add(trans.__('As of'), trans.__('%1 ago', duration(known.age, trans)));
  }
  return list;
}

function stateLine(cluster: IClusterView, trans: TranslationBundle): string {
  const word = stateWord(cluster.state, trans);
  return cluster.state_reason ? `${word}: ${cluster.state_reason}` : word;
}
