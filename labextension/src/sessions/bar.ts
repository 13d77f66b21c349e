import type { TranslationBundle } from '@jupyterlab/translation';
import type { IStatementView } from '../api/schema';
import { element } from '../dom';

/** Draws how far a statement is; where its engine does not tell, that it runs. */
export function drawBar(one: IStatementView, trans: TranslationBundle): HTMLElement {
  const bar = element('div', 'emrnb-Bar');
  const done = element('div', 'emrnb-BarDone');
  bar.setAttribute('role', 'progressbar');
  bar.setAttribute('aria-label', trans.__('Progress of %1', one.tag.slice(0, 8)));
  if (one.fraction === null) {
    bar.classList.add('emrnb-mod-endless');
  } else {
    const percent = Math.floor(100 * one.fraction);
    bar.setAttribute('aria-valuenow', String(percent));
    done.style.width = `${percent}%`;
  }
  bar.append(done);
  return bar;
}
