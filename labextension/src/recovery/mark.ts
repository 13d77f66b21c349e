import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import type { JSONObject } from '@lumino/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import { element } from '../dom';

/** Marks an output that came while no page saw it. */
export const MARK_TYPE = 'application/vnd.emr-nb.recovered.v1+json';

/** What a mark holds: which run, and how it came; times are epoch seconds. */
export interface IMark {
  readonly run: string;
  /** `ended`, or `left`: its result waits on the cluster for a kernel. */
  readonly state: string;
  readonly ended: number | null;
  readonly edited: boolean;
  /** The statement whose result waits. */
  readonly tag: string;
}

/** Returns a mark as a notebook's output, with its text for every other viewer. */
export function markOutput(mark: IMark, trans: TranslationBundle): JSONObject {
  return {
    output_type: 'display_data',
    data: { [MARK_TYPE]: { ...mark }, 'text/plain': wordsOf(mark, trans).join('\n') },
    metadata: {}
  };
}

/** Says what a mark means, a line each: how the output came, and what is to be known of it. */
export function wordsOf(mark: IMark, trans: TranslationBundle): string[] {
  const words: string[] = [];
  if (mark.state === 'left') {
    words.push(
      trans.__(
        'The result of this cell waits on the cluster: run the cell again unchanged in an ' +
          'attached notebook to take it, or %emr result %1.',
        mark.tag.slice(0, 8)
      )
    );
  } else if (mark.ended === null) {
    words.push(trans.__('Recovered'));
  } else {
    words.push(trans.__('Recovered: ended %1', timeOf(mark.ended)));
  }
  if (mark.edited) {
    words.push(
      trans.__('The cell was edited since: this belongs to its text as it ran.')
    );
  }
  return words;
}

/** Draws marks. */
export function markFactory(trans: TranslationBundle): IRenderMime.IRendererFactory {
  return {
    safe: true, // it draws text only
    mimeTypes: [MARK_TYPE],
    defaultRank: 0,
    createRenderer: () => new MarkRenderer(trans)
  };
}

class MarkRenderer extends Widget implements IRenderMime.IRenderer {
  constructor(private readonly _trans: TranslationBundle) {
    super();
    this.addClass('emrnb-Recovered');
    this.node.setAttribute('role', 'note');
  }

  renderModel(mime: IRenderMime.IMimeModel): Promise<void> {
    const data = (mime.data[MARK_TYPE] ?? {}) as Partial<IMark>;
    const mark: IMark = {
      run: String(data.run ?? ''),
      state: String(data.state ?? ''),
      ended: typeof data.ended === 'number' ? data.ended : null,
      edited: data.edited === true,
      tag: String(data.tag ?? '')
    };
    const [first = '', ...rest] = wordsOf(mark, this._trans);
    this.node.replaceChildren(
      element('div', 'emrnb-RecoveredHow', first),
      ...rest.map(text => element('div', 'emrnb-RecoveredNotice', text))
    );
    return Promise.resolve();
  }
}

/** Writes a time: with its day where that is not today. */
function timeOf(seconds: number): string {
  const when = new Date(seconds * 1000);
  const time = when.toLocaleTimeString(undefined, { timeStyle: 'short' });
  return when.toDateString() === new Date().toDateString()
    ? time
    : `${when.toLocaleDateString(undefined, { dateStyle: 'medium' })} ${time}`;
}
