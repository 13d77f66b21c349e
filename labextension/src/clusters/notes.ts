import type { TranslationBundle } from '@jupyterlab/translation';
import type { IClusterView } from '../api/schema';
import { failureOf, ServerFailure } from '../api/failure';
import { element } from '../dom';
import type { ClustersModel } from './model';
import { actButton } from './row';
import { duration, stateWord, tone } from './words';

/** Draws an error with a button that can be drawn anew in place. */
export function drawError(
  error: unknown,
  act: 'again' | 'dismiss',
  label: string,
  className = ''
): HTMLElement {
  const { what, where, advice } = failureOf(error);
  const note = element('div', `emrnb-Failure ${className}`);
  note.setAttribute('role', 'alert');
  note.append(
    element('div', 'emrnb-FailureWhat', what),
    element('div', 'emrnb-FailureWhere', where),
    element('div', 'emrnb-FailureAdvice', advice),
    actButton(act, label, label, 'emrnb-Link')
  );
  return note;
}

/** Draws what keeps a source from telling, how old its list is, and what there is when nothing is. */
export function drawNotes(
  model: ClustersModel,
  trans: TranslationBundle
): HTMLElement[] {
  const made: HTMLElement[] = [];
  const again = trans.__('Try again');
  if (model.error !== null) {
    made.push(drawError(model.error, 'again', again));
  }
  for (const provider of model.providers) {
    const age = model.age(provider);
    if (provider.failure) {
      const error = new ServerFailure(provider.failure, 0);
      made.push(drawError(error, 'again', again, 'emrnb-mod-source'));
    }
    if (provider.name === 'aws' && age !== null) {
      const text = trans.__('AWS asked %1 ago', duration(age, trans));
      made.push(element('div', 'emrnb-Age', text));
    }
  }
  if (!model.isKnown && model.error === null) {
    made.push(element('div', 'emrnb-Empty', trans.__('Asking for the clusters…')));
  } else if (model.rows.length === 0 && model.search) {
    made.push(element('div', 'emrnb-Empty', trans.__('No cluster matches.')));
  }
  return made;
}

/** Draws a cluster that has ended: when, how, and why. */
export function drawEnded(
  cluster: IClusterView,
  trans: TranslationBundle
): HTMLElement {
  const line = element('div', 'emrnb-EndedLine');
  const dot = element('span', `emrnb-Dot emrnb-mod-${tone(cluster.state)}`);
  dot.setAttribute('aria-hidden', 'true');
  const ago =
    cluster.ended === null
      ? ''
      : trans.__('%1 ago', duration(Date.now() / 1000 - cluster.ended, trans));
  const why = cluster.state_reason;
  const parts = [stateWord(cluster.state, trans), ago, why].filter(Boolean);
  const sub = element('span', 'emrnb-EntrySub', parts.join(' · '));
  const text = element('span', 'emrnb-EntryText');
  text.append(element('span', 'emrnb-EntryName', cluster.name), sub);
  line.title = [cluster.id, ...parts].join('\n');
  line.append(dot, text);
  return line;
}
