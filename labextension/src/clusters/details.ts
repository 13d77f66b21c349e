import type { TranslationBundle } from '@jupyterlab/translation';
import type { IClusterView } from '../api/schema';
import { element } from '../dom';
import type { IClusterRow } from './model';
import { actButton } from './row';
import { duration, nodesLine, roleWord, stateWord } from './words';

/** Draws all that is known of the chosen cluster, and what a row has no room for. */
export function drawDetails(row: IClusterRow, trans: TranslationBundle): HTMLElement[] {
  const made: HTMLElement[] = [element('h3', 'emrnb-DetailsName', row.name)];
  const { cluster, local, job } = row;
  if (cluster !== null) {
    made.push(facts(cluster, trans));
  }
  if (job?.failure) {
    const { what, advice } = job.failure;
    made.push(element('p', 'emrnb-DetailsBad', [what, advice].join(' ')));
  } else if (local?.phase === 'failed' && local.error) {
    made.push(element('p', 'emrnb-DetailsBad', local.error));
  }
  if (local?.phase === 'running' && job?.state !== 'running') {
    const says = trans.__('Stop the local cluster %1', row.name);
    made.push(actButton('stop', trans.__('Stop'), says));
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
