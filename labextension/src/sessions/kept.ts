import type { TranslationBundle } from '@jupyterlab/translation';
import type { ISessionView } from '../api/schema';
import { duration } from '../clusters/words';
import { element } from '../dom';
import { button } from './button';

/** Draws for how long a session is kept whose kernel is gone, what that costs, and the choice. */
export function drawKept(
  session: ISessionView,
  title: string,
  trans: TranslationBundle,
  keep: (isKept: boolean) => Promise<void>
): HTMLElement {
  const node = element('div', 'emrnb-SessionKept');
  const words = [trans.__('Ends by the idle limit of its cluster')];
  if (session.kept !== null) {
    const left = Math.max(60, session.kept - Date.now() / 1000);
    words[0] = trans.__('Kept for %1', duration(left, trans));
    words.push(costOf(session.cost, trans));
  }
  node.append(element('span', 'emrnb-EntrySub', words.join(' · ')));
  if (session.kept === null) {
    node.append(
      button(
        trans.__('Keep'),
        trans.__('Keep session %1', title),
        () => void keep(true)
      )
    );
    return node;
  }
  node.append(
    button(
      trans.__('Extend'),
      trans.__('Keep session %1 for longer', title),
      () => void keep(true)
    ),
    button(
      trans.__('Let go'),
      trans.__('Keep session %1 no longer', title),
      () => void keep(false)
    )
  );
  return node;
}

/** Says what an hour costs; where no price is known, what it is that costs. */
function costOf(cost: number | null, trans: TranslationBundle): string {
  if (cost === null) {
    return trans.__('its cluster does not end by itself meanwhile');
  }
  return cost === 0 ? trans.__('no cost') : trans.__('$%1 an hour', cost.toFixed(2));
}
